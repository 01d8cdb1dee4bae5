"""Commands about editions and what they learnt."""
