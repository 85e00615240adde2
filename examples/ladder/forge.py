# Changes one byte in each part of a bundle, each in a file of its own, to see who notices.
#   python3 forge.py decision.json        writes forged-PART.json for every part
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    text = file.read()
decoder = json.JSONDecoder()
for part in decoder.decode(text):
    start = text.index(f'"{part}":') + len(part) + 3
    _, end = decoder.raw_decode(text, start)
    if part == "judged":  # a figure: sentences are compared by Headgate's own verifier alone
        start = text.index('"upper":0.', start) + len('"upper":0.')
        end = start + 1
    letters = [at for at in range(start, end) if text[at].isalnum()]
    if not letters:
        print(f"nothing in {part}")
        continue
    at = letters[len(letters) // 2]
    with open(f"forged-{part}.json", "w", encoding="utf-8") as file:
        pair = "01" if text[at].isdigit() else "ab" if text[at].islower() else "AB"
        file.write(text[:at] + pair[text[at] == pair[0]] + text[at + 1 :])
    print(f"forged-{part}.json: byte {at} changed")
