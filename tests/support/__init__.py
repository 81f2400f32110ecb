"""What tests share: small deliveries, small declarations, and programs that a test starts."""
