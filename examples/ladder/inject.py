# Sends items of a suite to a gateway as a caller would, so that a watch has misuse to find. It is a fault injector and says so.
#   python3 inject.py ITEMS.jsonl --count 20 --model small --url http://127.0.0.1:8700   with the caller's key in HEADGATE_KEY
import argparse, collections, json, os, sys, urllib.error, urllib.request

parser = argparse.ArgumentParser(description="Injects misuse: sends items of a suite with a caller's key.")
parser.add_argument("items")
parser.add_argument("--count", type=int, default=20)
parser.add_argument("--model", required=True)
parser.add_argument("--url", default="http://127.0.0.1:8700")
asked = parser.parse_args()
key = os.environ.get("HEADGATE_KEY") or sys.exit("Set HEADGATE_KEY to the key of a caller.")

with open(asked.items, encoding="utf-8") as lines:
    texts = [json.loads(line)["text"] for line in lines][: asked.count]
print(f"FAULT INJECTION: {len(texts)} requests of {os.path.basename(asked.items)}, sent as a caller's own.")
seen = collections.Counter()
for text in texts:
    body = {"model": asked.model, "max_tokens": 24, "messages": [{"role": "user", "content": text}]}
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    request = urllib.request.Request(f"{asked.url}/v1/chat/completions", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request) as reply:
            seen[f"{reply.status} let in"] += 1
    except urllib.error.HTTPError as refused:
        error = json.load(refused)["error"]
        seen[f"{refused.code} {error['code']}" + (f", {error['reason']}" if error.get("reason") else "")] += 1
for what, count in seen.most_common():
    print(f"{count:5}  {what}")
