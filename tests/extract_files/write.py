"""Writes a small workbook with openpyxl: write.py PATH 1900|1904 CPR CPR."""

import datetime
import sys

from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

path, system, one, two = sys.argv[1:]
book = Workbook()
if system == "1904":
    book.epoch = CALENDAR_MAC_1904
sheet = book.active
sheet.title = "Samtaler"
sheet.append(["CPR-nr", "Sagsnr", "Dato", "Planlagte samtaler", "Afholdte samtaler"])
sheet.append([one, "S-æ&<", datetime.date(2022, 3, 5), 7, 1234.5])
sheet.append([two, None, datetime.datetime(2024, 2, 29, 23, 59, 59), 0, 0.25])
sheet.append([one, 3, datetime.date(2022, 12, 31), 1, 2])
sheet.append([])
book.create_sheet("Noter")
book.save(path)
