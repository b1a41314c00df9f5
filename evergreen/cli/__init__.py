"""The command line: files in, one file of scores and a page of summary out.

``arguments`` reads what was typed, ``files`` finds and ``logs`` opens the log, ``database`` lends an engine for the
job, ``job`` runs it, ``text`` writes the page, ``progress`` keeps company, ``complaints`` puts errors into a sentence.
"""
