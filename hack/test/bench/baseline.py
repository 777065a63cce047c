"""The baseline of `bench analyze`: errors, requests and mean duration in one plain pass.

Each line is parsed as JSON; errors and requests within the range are counted, and the mean duration is taken.
"""

import json
import sys
from datetime import datetime


def analyze(path, cutoff):
    errors, requests, durations = 0, 0, []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            try:
                entry = json.loads(line)
                is_error = entry.get("level") == "ERROR"
                is_request = "request" in entry.get("message", "").lower()
                if not is_error and not is_request:
                    continue
                if datetime.fromisoformat(entry["timestamp"].replace("Z", "+00:00")).timestamp() <= cutoff:
                    continue
                if is_error:
                    errors += 1
                if is_request:
                    requests += 1
                    if "duration" in entry:
                        durations.append(entry["duration"])
            except (ValueError, KeyError):
                continue
    mean = sum(durations) / len(durations) if durations else 0
    return {"errors": errors, "requests": requests, "avg_duration": mean}


if __name__ == "__main__":
    print(json.dumps(analyze(sys.argv[1], float(sys.argv[2]))))
