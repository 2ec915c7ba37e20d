"""Marker set presets: canonical names (`compute.landmarks`) and the labels laboratories use for them."""

from compute.landmarks import PURPOSE


def _both(table: dict[str, str]) -> dict[str, str]:
    """``{"xKNE": "xLEK"}`` for both sides: each x becomes R, then L."""
    return {
        canonical.replace("x", side, 1): label.replace("x", side, 1)
        for side in "RL"
        for canonical, label in table.items()
    }


CANONICAL = {name: name for name in PURPOSE}

VICON = {
    **{name: name for name in ("RASI", "LASI", "RPSI", "LPSI", "SACR")},
    **{name: name for name in ("C7", "T10", "CLAV", "STRN")},
    **_both(
        {
            "xTH1": "xTHI", "xTH2": "xTHAP", "xTH3": "xTHAD",
            "xKNE": "xKNE", "xKNM": "xKNM",
            "xSK1": "xTIB", "xSK2": "xTIAP", "xSK3": "xTIAD",
            "xANK": "xANK", "xMED": "xMED",
            "xHEE": "xHEE", "xMT1": "xFMH", "xTOE": "xTOE", "xMT5": "xVMH",
            "xSHO": "xSHO",
        }
    ),
}  # fmt: skip

QUALISYS = {
    "C7": "CV7", "T10": "TV10", "CLAV": "SJN", "STRN": "SXS",
    **_both(
        {
            "xASI": "x_IAS", "xPSI": "x_IPS", "xGTR": "x_FTC",
            "xTH1": "x_TH1", "xTH2": "x_TH2", "xTH3": "x_TH3", "xTH4": "x_TH4",
            "xKNE": "x_FLE", "xKNM": "x_FME",
            "xSK1": "x_SK1", "xSK2": "x_SK2", "xSK3": "x_SK3", "xSK4": "x_SK4",
            "xANK": "x_FAL", "xMED": "x_TAM",
            "xHEE": "x_FCC", "xMT1": "x_FM1", "xTOE": "x_FM2", "xMT5": "x_FM5",
            "xSHO": "x_SAE",
        }
    ),
}  # fmt: skip

HBM = {
    "C7": "C7", "T10": "T10", "STRN": "XIPH", "CLAV": "JN",
    **_both(
        {
            "xASI": "xASIS", "xPSI": "xPSIS", "xGTR": "xGTRO",
            "xTH1": "xLTHI",
            "xKNE": "xLEK", "xKNM": "xMEK",
            "xSK1": "xLSHA",
            "xANK": "xLM", "xMED": "xMM",
            "xHEE": "xHEE", "xTOE": "xMT2", "xMT5": "xMT5",
        }
    ),
}  # fmt: skip

OPENSIM = {
    "SACR": "V.Sacral", "STRN": "Sternum",
    **_both(
        {
            "xASI": "x.ASIS", "xPSI": "x.PSIS",
            "xTH1": "x.Thigh.Upper", "xTH2": "x.Thigh.Front", "xTH3": "x.Thigh.Rear",
            "xKNE": "x.Knee.Lat", "xKNM": "x.Knee.Med",
            "xSK1": "x.Shank.Upper", "xSK2": "x.Shank.Front", "xSK3": "x.Shank.Rear",
            "xANK": "x.Ankle.Lat", "xMED": "x.Ankle.Med",
            "xHEE": "x.Heel", "xFT1": "x.Midfoot.Sup", "xFT2": "x.Midfoot.Lat",
            "xMT1": "x.Toe.Med", "xMT5": "x.Toe.Lat",
            "xSHO": "x.Acromium",
        }
    ),
}  # fmt: skip

PRESETS: dict[str, dict[str, str]] = {
    "canonical": CANONICAL,
    "vicon": VICON,
    "qualisys": QUALISYS,
    "hbm": HBM,
    "opensim": OPENSIM,
}
"""Preset name: canonical name -> label in the stream or file."""
