"""The platform transactions: a payment service behind CloudFront, with its ledger. A module has the name of its template."""
