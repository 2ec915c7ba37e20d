"""Canonical marker names, with what each one is for.

``x`` stands for the side's letter, R or L. Laboratories map their own labels to these names.
"""

MIDLINE = {
    "RASI": "right anterior superior iliac spine (pelvis, hip joint centre)",
    "LASI": "left anterior superior iliac spine (pelvis, hip joint centre)",
    "RPSI": "right posterior superior iliac spine (pelvis)",
    "LPSI": "left posterior superior iliac spine (pelvis)",
    "SACR": "midpoint of the posterior superior iliac spines (pelvis)",
    "C7": "seventh cervical vertebra (trunk)",
    "T10": "tenth thoracic vertebra (trunk)",
    "CLAV": "jugular notch (trunk)",
    "STRN": "xiphoid process (trunk)",
}

PER_SIDE = {
    "GTR": "greater trochanter",
    "TH1": "thigh cluster",
    "TH2": "thigh cluster",
    "TH3": "thigh cluster",
    "TH4": "thigh cluster",
    "KNE": "lateral epicondyle (knee joint centre, tibia axis)",
    "KNM": "medial epicondyle (knee joint centre, tibia axis)",
    "SK1": "shank cluster (carries the tibia while walking)",
    "SK2": "shank cluster (carries the tibia while walking)",
    "SK3": "shank cluster (carries the tibia while walking)",
    "SK4": "shank cluster (carries the tibia while walking)",
    "ANK": "lateral malleolus (ankle joint centre)",
    "MED": "medial malleolus (ankle joint centre)",
    "HEE": "calcaneus (foot)",
    "FT1": "midfoot (foot cluster)",
    "FT2": "midfoot (foot cluster)",
    "MT1": "first metatarsal head (foot)",
    "TOE": "second metatarsal head (foot)",
    "MT5": "fifth metatarsal head (foot)",
    "SHO": "acromion (trunk)",
    "HJC": "hip joint centre as the capture system computes it",
    "KJC": "knee joint centre as the capture system computes it",
    "AJC": "ankle joint centre as the capture system computes it",
    "TAO": "point on the medio-lateral axis of the tibia, its origin",
    "TAL": "second point on the medio-lateral axis of the tibia",
}

PURPOSE: dict[str, str] = {
    **MIDLINE,
    **{
        side + name: f"{word} {text}"
        for side, word in (("L", "left"), ("R", "right"))
        for name, text in PER_SIDE.items()
    },
}
"""Every canonical name and what it is for."""
