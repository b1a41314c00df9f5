"""Draw the picture of the README: who carries the value, and who will buy again, in the CDNOW log."""

from pathlib import Path

import matplotlib.pyplot as plt

from evergreen import CLVModel, CustomerBase, RFMScorer, datasets, plots


def main() -> None:
    base = CustomerBase.from_transactions(datasets.load_cdnow(), time_unit="W")
    scorer = RFMScorer(segments="rfm11").fit(base)
    model = CLVModel().fit(base)
    figure, (left, right) = plt.subplots(1, 2, figsize=(12.5, 4.8), layout="constrained", width_ratios=(1.15, 1))
    plots.segments(scorer.summary(base), ax=left)
    left.set_title("Who carries the value: 23,570 customers of CDNOW", loc="left", fontsize=10)
    plots.history_map(model, age="52W", horizon="52W", ax=right)
    right.set_title("Chance that a customer of one year buys again within the next", loc="left", fontsize=10)
    figure.savefig(Path(__file__).with_name("hero.png"), dpi=120)


if __name__ == "__main__":
    main()
