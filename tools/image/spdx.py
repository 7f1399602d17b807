# SPDX-License-Identifier: Apache-2.0
"""What is in the image, as an SPDX 2.3 document: packages, versions, licences, each file's checksum.

The same input gives the same bytes. The document is in the image too, where it can list all
files but itself.
"""
import hashlib
import json
import pathlib
import urllib.parse
import uuid

INSIDE = "/usr/share/doc/oke-guard/sbom.spdx.json"
LICENCES = pathlib.Path(__file__).with_name("licences.tsv")
OWN = "oke-guard"
OWN_LICENCE = "Apache-2.0"
UNKNOWN = "NOASSERTION"


def licences():
    lines = LICENCES.read_text().splitlines()
    return dict(line.split("\t") for line in lines if not line.startswith("#"))


def name_of(kind, text):
    """An SPDX identifier: letters, digits, dots and hyphens alone."""
    plain = "".join(c if c.isalnum() or c in ".-" else "-" for c in text)
    return f"SPDXRef-{kind}-{plain}"


def file_id(path):
    return name_of("File", hashlib.sha256(path.encode()).hexdigest()[:16])


def file_record(entry):
    kind = "BINARY" if entry.data.startswith(b"\x7fELF") else "TEXT"
    return {"SPDXID": file_id(entry.path), "fileName": "." + entry.path, "fileTypes": [kind],
            "checksums": [{"algorithm": "SHA1", "checksumValue": hashlib.sha1(entry.data).hexdigest()},
                          {"algorithm": "SHA256", "checksumValue": hashlib.sha256(entry.data).hexdigest()}],
            "licenseConcluded": UNKNOWN, "copyrightText": UNKNOWN}


def verification_code(files):
    """SPDX 2.3, section 7.9: one checksum over those of all files."""
    sums = sorted(hashlib.sha1(e.data).hexdigest() for e in files)
    return hashlib.sha1("".join(sums).encode()).hexdigest()


def described(name, version, licence, purl, files, **more):
    return {"SPDXID": name_of("Package", name), "name": name, "versionInfo": version,
            "downloadLocation": UNKNOWN, "filesAnalyzed": True, "licenseConcluded": UNKNOWN,
            "licenseDeclared": licence, "copyrightText": UNKNOWN,
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                              "referenceLocator": purl}],
            "packageVerificationCode": {"packageVerificationCodeValue": verification_code(files)}, **more}


def debian_package(package, files, distro, known):
    quoted = urllib.parse.quote(package["version"], safe="")
    purl = (f"pkg:deb/debian/{package['package']}@{quoted}?arch={package['architecture']}&distro={distro}")
    licence = known.get(package["source"], UNKNOWN)
    comment = f"the main licence; /usr/share/doc/{package['package']}/copyright tells the whole"
    return described(package["package"], package["version"], licence, purl, files,
                     supplier=f"Organization: Debian ({package['maintainer']})", licenseComments=comment,
                     sourceInfo=f"built from: {package['source']} {package['source_version']}")


def own_package(version, arch, files):
    record = described(OWN, version, OWN_LICENCE, f"pkg:generic/{OWN}@{version}?arch={arch}", files,
                       primaryPackagePurpose="APPLICATION")
    record["packageVerificationCode"]["packageVerificationCodeExcludedFiles"] = ["." + INSIDE]
    return record


def relation(one, kind, other):
    return {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}


def document(version, arch, created, index, distro, entries):
    """The document's bytes for these entries (see contents.py)."""
    files = [e for e in entries if not e.link]
    by_owner = {}
    for e in files:
        by_owner.setdefault(e.owner or OWN, []).append(e)
    known = licences()
    packages = [own_package(version, arch, by_owner[OWN])]
    packages += [debian_package(index[name], by_owner[name], distro, known)
                 for name in sorted(by_owner) if name != OWN]
    image = {"SPDXID": name_of("Image", OWN), "name": f"localhost/{OWN}", "versionInfo": version,
             "downloadLocation": UNKNOWN, "filesAnalyzed": False, "primaryPackagePurpose": "CONTAINER"}
    relations = [relation("SPDXRef-DOCUMENT", "DESCRIBES", image["SPDXID"])]
    for package in packages:
        relations.append(relation(image["SPDXID"], "CONTAINS", package["SPDXID"]))
        relations += [relation(package["SPDXID"], "CONTAINS", file_id(e.path)) for e in by_owner[package["name"]]]
    body = {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
            "name": f"{OWN}-{version}-{arch}", "packages": [image] + packages,
            "creationInfo": {"created": created, "creators": [f"Tool: {OWN}-tools-image-{version}"]},
            "files": [file_record(e) for e in files], "relationships": relations}
    content = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(body, sort_keys=True))
    body["documentNamespace"] = f"https://spdx.org/spdxdocs/{OWN}-{version}-{arch}-{content}"
    return (json.dumps(body, indent=1, sort_keys=True) + "\n").encode()
