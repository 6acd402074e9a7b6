"""The stolen network, trained further by the thief."""
