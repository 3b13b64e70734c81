"""The house rules, as tests that read the tree.

Every rule is a function from a source file to a list of problems. One test applies it to the whole
tree, another feeds it a bad snippet to prove that it can fail.
"""
