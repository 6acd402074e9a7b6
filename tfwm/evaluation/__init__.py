"""Measuring a mark: `fidelity`, then `battery`, `report`, `policy`, `page`.

    subjects, attacks -> battery.evaluate -> Report -> policy.decide -> Decision -> page.write_report_page

Nothing is imported here, so that a scheme that needs a p-value loads numpy and scipy only.
"""
