"""What suites hand to student code, built in the guest; holds no secret."""
