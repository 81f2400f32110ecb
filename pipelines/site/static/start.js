// What happens when a page has been read. Belongs here: the order of it.

function tellRelease() {
  const place = document.getElementById("utgava");
  if (place && window.nyckeltal_release) place.textContent = window.nyckeltal_release.text;
}

document.documentElement.classList.add("with-script");
tellRelease();
startSearch();
startTables(document);
startFigures(document);
startCompare();
window.addEventListener("beforeprint", beforePrinting);
