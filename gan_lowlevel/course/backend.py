"""matplotlib's backend of a lesson in a terminal: plt.show() saves each open figure and says where."""

from matplotlib._pylab_helpers import Gcf
from matplotlib.backends.backend_agg import FigureCanvasAgg as FigureCanvas

from gan_lowlevel.course import figures

__all__ = ["FigureCanvas", "show"]


def show(*_, **__) -> None:
    """As matplotlib calls it."""
    for manager in Gcf.get_all_fig_managers():
        figures.save(manager.canvas.figure)
        Gcf.destroy(manager)
