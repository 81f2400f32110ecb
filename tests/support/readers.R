# Reads files of CSV as people do, without arguments, with base R, readr and data.table. data.table uncompresses only with
# R.utils, which many machines lack: so it is given what gunzip says.
# Arguments: a folder for answers, a list of files. For each file and reader: the kinds of the columns (kinds.csv), and,
# where there are such columns, rows, values and sums by area, sex and year (<reader>.<number>.csv).
suppressPackageStartupMessages({library(readr); library(data.table)})
given <- commandArgs(TRUE)
files <- readLines(given[2], encoding = "UTF-8")
readers <- list(
    base = function(file) read.csv(file),
    readr = function(file) suppressWarnings(read_csv(file, show_col_types = FALSE, progress = FALSE)),
    data.table = function(file) {
        if (endsWith(file, ".gz")) fread(cmd = paste("gunzip -c", shQuote(file)), showProgress = FALSE)
        else fread(file, showProgress = FALSE)
    }
)
kinds <- list()
for (number in seq_along(files)) for (reader in names(readers)) {
    found <- readers[[reader]](files[number])
    faults <- if (reader == "readr") nrow(problems(found)) else 0
    setDT(found)
    filled <- sapply(found, function(column) sum(!is.na(column)))
    hashed <- sapply(found, function(column) if (is.character(column)) sum(nchar(column), na.rm = TRUE) else 0)
    kinds[[length(kinds) + 1]] <- data.table(
        file = number - 1, reader = reader, rows = nrow(found), faults = faults, column = names(found),
        kind = sapply(found, function(column) class(column)[1]), filled = filled, characters = hashed
    )
    if (all(c("area_id", "sex", "year", "value") %in% names(found))) {
        told <- found[, .(rows = .N, values = sum(!is.na(value)), total = sum(value, na.rm = TRUE)), by = .(area_id, sex, year)]
        fwrite(told, file.path(given[1], paste0(reader, ".", number - 1, ".csv")), quote = TRUE)
    }
    rm(found)
}
fwrite(rbindlist(kinds), file.path(given[1], "kinds.csv"), quote = TRUE)
