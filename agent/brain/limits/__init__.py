"""What may never be exceeded, one file for each kind; guard.py says in which order they speak.

Every limit is the same sum: so much of each charger's amps (its weight) may come to so much together
(its room). `fit.py` lowers the offers until the sum fits; the others compute weights and rooms.
"""
