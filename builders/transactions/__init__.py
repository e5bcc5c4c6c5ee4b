"""The platform transactions: a payment service behind CloudFront, with its ledger. A file is called as its template."""
