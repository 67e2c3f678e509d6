# SPDX-License-Identifier: Apache-2.0
"""Questions in windows, with Tk, which comes with Python."""

import threading
import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import font, ttk
from typing import Generic, TypeVar

from selfrenew import messages
from selfrenew.agent.notice import ExpiryNotice
from selfrenew.secret import Secret
from selfrenew.services import Role

from .dismissable import Dismissable
from .protocol import Answer

_Result = TypeVar("_Result")
_WRAP_CHARACTERS = 64
_PADDING = 16
_CHOICES_SHARE = 0.6
"""How much of the screen's height a choice may have; beside it are the question and the buttons."""
_ASK_MILLISECONDS = 50
"""How often an open window looks whether it was taken away: Tk is for one thread alone.

Nor does a signal's handler run while Tk waits, so this is how soon Ctrl-C counts.
"""
_ARROWS = ("<KeyRelease-Up>", "<KeyRelease-Down>")
_ENTER = ("<Return>", "<KP_Enter>")


def can_open() -> bool:
    """Tell whether the display lets windows be opened."""
    try:
        tk.Tk(useTk=True).destroy()
    except tk.TclError:
        return False
    return True


class WindowDialogs(Dismissable):
    """Opens a window a question, and none while there is nothing to ask."""

    def __init__(self) -> None:
        super().__init__()
        self._taken = threading.Event()

    def ask_passcode(self, told: str = "") -> Secret | None:
        """Ask for the passcode, shown as dots."""

        def build(window: Window[Secret]) -> None:
            if told:
                window.say(told, strong=True)
            entry = window.field(messages.PASSCODE_PROMPT, hidden=True)
            window.buttons(
                (messages.SIGN_IN, lambda: window.end(Secret(entry.get()))),
                (messages.CANCEL, window.leave),
            )

        return self._run(messages.TITLE_PASSCODE, build)

    def choose_role(self, roles: Sequence[Role]) -> Role | None:
        """Let one of a list be picked; the first is marked already."""

        def build(window: Window[Role]) -> None:
            window.say(messages.PICK_ROLE)
            chosen = window.choices([f"{role.name}, {role.organisation}" for role in roles])
            window.buttons(
                (messages.PAGE_CONTINUE_BUTTON, lambda: window.end(roles[chosen.get()])),
                (messages.CANCEL, window.leave),
            )

        return self._run(messages.TITLE_ROLE, build)

    def show_notice(self, notice: ExpiryNotice) -> Answer | None:
        """Show days and certificate; Yes and No, and closing the window is No."""

        def build(window: Window[Answer]) -> None:
            window.say(notice.text, strong=True)
            window.say(notice.about_certificate)
            window.buttons(
                (messages.YES, lambda: window.end(Answer.YES)),
                (messages.NO, lambda: window.end(Answer.NO)),
            )
            window.on_close(lambda: window.end(Answer.NO))

        return self._run(messages.TITLE_NOTICE, build)

    def show_link(self, text: str, url: str, *, title: str | None = None) -> None:
        """Show an address that can be marked, and a button that copies it."""

        def build(window: Window[None]) -> None:
            window.say(text)
            window.address(url)
            window.buttons(
                (messages.COPY_LINK, lambda: window.copy(url)),
                (messages.PAGE_CLOSE_BUTTON, window.leave),
            )

        self._run(title or messages.TITLE_NOTICE, build)

    def tell(self, text: str) -> None:
        """Show a text with a button that puts it away."""

        def build(window: Window[None]) -> None:
            window.say(text)
            window.buttons((messages.PAGE_CLOSE_BUTTON, window.leave))

        self._run(messages.PAGE_SERVICE_HEADING, build)

    def _run(self, title: str, build: "Callable[[Window[_Result]], None]") -> _Result | None:
        with self._question() as may:
            if not may:
                return None
            window: Window[_Result] = Window(title, self._taken)
            build(window)
            return window.run()

    def _take_away(self) -> None:
        self._taken.set()

    def _forget(self) -> None:
        self._taken.clear()


class Window(Generic[_Result]):
    """One window, from its making to its answer. Return presses its first button, Escape leaves."""

    def __init__(self, title: str, dismissed: threading.Event) -> None:
        self._dismissed = dismissed
        self._result: _Result | None = None
        self._root = tk.Tk(className="selfrenew")
        self._root.title(title)
        self._root.resizable(width=False, height=False)
        if self._root.tk.call("tk", "windowingsystem") == "x11":
            # Elsewhere ttk takes the desktop's own look; there it has none, and this is its best.
            ttk.Style(self._root).theme_use("clam")
        self._frame = ttk.Frame(self._root, padding=_PADDING)
        self._frame.grid(sticky="nsew")
        self._focus: tk.Widget | None = None
        self._width = font.nametofont("TkDefaultFont", root=self._root).measure("0")
        self.on_close(self.leave)

    def say(self, text: str, *, strong: bool = False) -> None:
        """Show a paragraph."""
        label = ttk.Label(self._frame, text=text, wraplength=_WRAP_CHARACTERS * self._width)
        if strong:
            shown = font.nametofont("TkDefaultFont", root=self._root).copy()
            shown.configure(weight="bold")
            label.configure(font=shown)
        self._add(label)

    def field(self, name: str, *, hidden: bool = False) -> tk.StringVar:
        """Show a field to type in, under its name."""
        self.say(name)
        text = tk.StringVar(self._root)
        entry = ttk.Entry(self._frame, textvariable=text, show="•" if hidden else "")
        self._add(entry, sticky="ew")
        self._focus = entry
        return text

    def choices(self, names: Sequence[str]) -> tk.IntVar:
        """Show a choice of one; the variable has its number from 0.

        Those that the screen has no room for are scrolled to, by the keyboard too.
        """
        chosen = tk.IntVar(self._root, 0)
        view = tk.Canvas(self._frame, highlightthickness=0, borderwidth=0)
        view.configure(background=ttk.Style(self._root).lookup("TFrame", "background"))
        inside = ttk.Frame(view)
        view.create_window(0, 0, window=inside, anchor="nw")
        for number, name in enumerate(names):
            text = self._wrapped(name)
            button = ttk.Radiobutton(inside, text=text, value=number, variable=chosen)
            button.grid(sticky="w", pady=(0, _PADDING // 2))
            button.bind("<FocusIn>", lambda event: _scroll_to(view, inside, event.widget))
            for arrow in _ARROWS:
                # Tk moves the focus alone, and Return would then answer with another one.
                button.bind(arrow, lambda event: event.widget.invoke())
            self._focus = self._focus or button
        inside.update_idletasks()
        whole = inside.winfo_reqheight()
        room = int(self._root.winfo_screenheight() * _CHOICES_SHARE)
        view.configure(
            width=inside.winfo_reqwidth(),
            height=min(whole, room),
            scrollregion=(0, 0, inside.winfo_reqwidth(), whole),
        )
        self._add(view)
        if whole > room:
            bar = ttk.Scrollbar(self._frame, orient="vertical", command=view.yview)
            view.configure(yscrollcommand=bar.set)
            bar.grid(row=view.grid_info()["row"], column=1, sticky="ns")
            for wheel, step in (("<Button-4>", -1), ("<Button-5>", 1)):
                self._root.bind(wheel, lambda _, step=step: view.yview_scroll(step, "units"))  # type: ignore[misc]
        return chosen

    def _wrapped(self, text: str) -> str:
        """Break a text where a line is full: what is chosen has no way of its own to do that."""
        shown = font.nametofont("TkDefaultFont", root=self._root)
        lines = [""]
        for word in text.split():
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and shown.measure(longer) > _WRAP_CHARACTERS * self._width:
                lines.append(word)
            else:
                lines[-1] = longer
        return "\n".join(lines)

    def address(self, url: str) -> None:
        """Show an address in a field that can be marked and not changed."""
        entry = ttk.Entry(self._frame, width=max(_WRAP_CHARACTERS, len(url)))
        entry.insert(0, url)
        entry.configure(state="readonly")
        self._add(entry, sticky="ew")

    def buttons(self, *named: tuple[str, Callable[[], None]]) -> None:
        """Show buttons in a row."""
        row = ttk.Frame(self._frame)
        self._add(row, sticky="e")
        first, *_ = named
        for key in _ENTER:
            self._root.bind(key, lambda _: first[1]())
        for name, action in named:
            button = ttk.Button(row, text=name, command=action)
            for key in _ENTER:
                button.bind(key, lambda _, action=action: _stop(action))  # type: ignore[misc]
            button.pack(side="left", padx=(_PADDING // 2, 0))
            self._focus = self._focus or button

    def on_close(self, action: Callable[[], None]) -> None:
        """Do this when the window is closed or Escape is pressed."""
        self._root.protocol("WM_DELETE_WINDOW", action)
        self._root.bind("<Escape>", lambda _: action())

    def copy(self, text: str) -> None:
        """Put a text on the clipboard; it stays there while the window is open."""
        self._root.clipboard_clear()
        self._root.clipboard_append(text)

    def end(self, result: _Result) -> None:
        """Answer, and close."""
        self._result = result
        self._root.quit()

    def leave(self) -> None:
        """Close without an answer."""
        self._root.quit()

    def run(self) -> _Result | None:
        """Show it until it is answered, closed or taken away."""
        self._look()
        self._root.eval("tk::PlaceWindow . center")
        self._root.attributes("-topmost", True)
        self._root.after_idle(self._root.focus_force)
        if self._focus is not None:
            self._root.after_idle(self._focus.focus_set)
        try:
            self._root.mainloop()
        finally:
            self._root.destroy()
        return self._result

    def _look(self) -> None:
        if self._dismissed.is_set():
            self._root.quit()
        else:
            self._root.after(_ASK_MILLISECONDS, self._look)

    def _add(self, widget: tk.Widget, *, sticky: str = "w") -> None:
        widget.grid(sticky=sticky, pady=(0, _PADDING // 2))


def _scroll_to(view: tk.Canvas, inside: ttk.Frame, widget: tk.Misc) -> None:
    """Bring a widget into what is seen of a longer frame."""
    whole = inside.winfo_height()
    top, bottom = (share * whole for share in view.yview())
    begin, end = widget.winfo_y(), widget.winfo_y() + widget.winfo_height()
    if begin < top:
        view.yview_moveto(begin / whole)
    elif end > bottom:
        view.yview_moveto((end - (bottom - top)) / whole)


def _stop(action: Callable[[], None]) -> str:
    """Do what the focused button says, and keep the key from the first one."""
    action()
    return "break"
