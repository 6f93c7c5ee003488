"""The default store: SOPS and age beside the template, nothing to sign up for.
The verbs that write it come in. Plain values go to sops by memory and pipe, never by a file of ours.
"""
