"""Documents a traveller expects: e-ticket receipt, invoice, credit note and calendar."""
