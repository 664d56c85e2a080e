"""From a message to a channel. One module per channel."""
