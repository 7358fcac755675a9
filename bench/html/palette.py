"""The colours of the report, light and dark: told apart by those who see no red or no green, and never alone.

The hues are close to those of Okabe and Ito (https://jfly.uni-koeln.de/color/), darkened or lightened until each has
a contrast of 3 : 1 to the ground, and text one of 4.5 : 1; a test measures it. Where colour tells kinds apart, so do
shapes.
"""

LIGHT = {
    "ground": "#ffffff",
    "raised": "#f5f6f8",
    "ink": "#1b2530",
    "faint": "#5a6673",
    "grid": "#dfe3e8",
    "axis": "#8a949f",
    "blue": "#0b62a4",
    "vermilion": "#c8500a",
    "purple": "#8a3e8f",
    "green": "#0a7f64",
    "sky": "#1f8fc0",
    "ochre": "#a87400",
    "slate": "#66717d",
}
DARK = {
    "ground": "#12171d",
    "raised": "#1b222a",
    "ink": "#e7ebef",
    "faint": "#a3aeb9",
    "grid": "#2b343e",
    "axis": "#6d7884",
    "blue": "#5fb0ee",
    "vermilion": "#ff8c52",
    "purple": "#d08ee0",
    "green": "#43c9a4",
    "sky": "#86d5f7",
    "ochre": "#e8ba4c",
    "slate": "#a9b4c0",
}
# Those of the contenders: the same in every picture.
CONTENDERS = {
    "ours": "blue",
    "numpy": "ochre",
    "torch": "vermilion",
    "jax": "purple",
    "compiled": "green",
    "numexpr": "sky",
}


def contender(name: str) -> str:
    return CONTENDERS.get(name, "slate")


def variables(colours: dict[str, str]) -> str:
    """As CSS."""
    return "".join(f"--{name}:{value};" for name, value in colours.items())


def contrast(one: str, other: str) -> float:
    """The ratio of luminances, as WCAG 2.2 defines it."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
