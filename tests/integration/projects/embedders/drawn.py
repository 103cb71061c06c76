"""Draws with Matplotlib's TkAgg and shows a picture with Pillow's ImageTk; writes Tk's resulting images as PNG files.

Both look up the C API of Tcl and Tk in the file of `_tkinter`.
"""

import sys
import tkinter

import matplotlib

matplotlib.use("TkAgg")
import matplotlib.pyplot
from PIL import Image, ImageTk

figure = matplotlib.pyplot.figure(figsize=(2, 2), facecolor="white")
figure.add_axes((0, 0, 1, 1)).fill_between([0, 1], [1, 1], color="red")
figure.canvas.draw()
figure.canvas.get_tk_widget().update()
figure.canvas._tkphoto.write(sys.argv[1], format="png")
matplotlib.pyplot.close(figure)

root = tkinter.Tk()
photo = ImageTk.PhotoImage(Image.new("RGB", (30, 20), (0, 0, 255)), master=root)
tkinter.Label(root, image=photo).pack()
root.update()
ImageTk.getimage(photo).save(sys.argv[2])

for path in sys.argv[1:]:
    colors = Image.open(path).convert("RGB").getcolors(100000)
    print(max(colors)[1], Image.open(path).size)
