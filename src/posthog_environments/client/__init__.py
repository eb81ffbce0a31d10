"""The blocking and the async client. Only this package has code for both."""
