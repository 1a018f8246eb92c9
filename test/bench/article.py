# The algorithm of the article's audit handler, for comparison: each line parsed as JSON, paths and
# policies compared.
import json
import sys

for line in sys.stdin:
    try:
        entry = json.loads(line)
    except ValueError:
        continue
    request = entry.get("request", {})
    path = request.get("path", "")
    namespace = request.get("namespace", {}).get("path", "")
    policies = entry.get("auth", {}).get("policies", [])
    if path.startswith("sys/generate-root"):
        print("root generation:", line, end="")
    if path.startswith("sys/raw"):
        print("raw storage:", line, end="")
    if namespace == "prod/" and path.startswith("secret/data/never-use"):
        print("never-use secret:", line, end="")
    if "some-other-policy" in policies or "root" in policies:
        print("watched policy:", line, end="")
