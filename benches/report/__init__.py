"""The report: target/bench/report.md and report.html, of what the suites left there."""
