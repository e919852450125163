"""What is proved by answering a letter: a new password, an e-mail address."""
