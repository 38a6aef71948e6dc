"""The cars: what their makers' apps know about them, asked seldom, and what the house asks of them."""
