# SPDX-License-Identifier: Apache-2.0
"""Corrections of what the sources state (policy/catalogue/corrections.yaml), applied row by row."""


class Corrections:
    def __init__(self, doc):
        self.doc = doc

    @staticmethod
    def fits(want, row):
        for key, value in want.items():
            if key == "set":
                continue
            if key.endswith("_ends"):
                ok = row.get(key[:-5], "").endswith(value)
            elif key.endswith("_starts"):
                ok = row.get(key[:-7], "").startswith(value)
            elif key == "gate" and "gates" in row:
                ok = value in row["gates"]
            else:
                ok = row.get(key) == value
            if not ok:
                return False
        return True

    def apply(self, section, row):
        for want in self.doc.get(section, []):
            if self.fits(want, row):
                row.update(want["set"])
        return row
