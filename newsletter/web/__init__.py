"""The site: what readers see, press and subscribe to."""
