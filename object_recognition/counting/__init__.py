"""Who counts where: lines that are crossed, and zones in which somebody stays."""
