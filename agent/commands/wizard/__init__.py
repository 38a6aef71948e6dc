"""The steps of `./sunward setup`, one file each, and what they stand on.

    talk.py      asking: a person at a terminal, or a file of answers
    draft.py     what the two files will say; sheet.py edits their text and keeps what it does not know
    house.py bus.py meters.py letters.py tesla.py page.py     one step each, in this order
    files.py     showing and writing

A step only changes the draft. Nothing is written before everything was shown.
"""
