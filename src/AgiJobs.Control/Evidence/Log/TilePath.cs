using System.Globalization;

namespace AgiJobs.Control.Evidence.Log;

/// <summary>
/// The paths of tiles: <c>tile/L/N[.p/W]</c> and <c>tile/entries/N[.p/W]</c>, N in groups of three digits of which all but the last begin with x.
/// Source: C2SP tlog-tiles.
/// </summary>
public static class TilePath
{
    /// <summary>Hashes in a full tile, entries in a full bundle.</summary>
    public const int Width = 256;

    /// <summary>The path of a tile of hashes, with <c>/</c> between its parts.</summary>
    /// <param name="level">0 for leaves.</param>
    /// <param name="index">Which one of the level.</param>
    /// <param name="width">How many hashes: 256 for a full tile, fewer for a partial one.</param>
    public static string Of(int level, long index, int width = Width) => string.Create(CultureInfo.InvariantCulture, $"tile/{level}/{Number(index)}{Part(width)}");

    /// <summary>The path of a bundle of entries.</summary>
    public static string OfEntries(long index, int width = Width) => $"tile/entries/{Number(index)}{Part(width)}";

    /// <summary>How many hashes the last tile of a level has in a tree, when that tile is partial; 0 when there is none.</summary>
    public static int PartialWidth(int level, long size) => level > 7 ? 0 : (int)((size >> (8 * level)) & (Width - 1));

    private static string Part(int width) => width == Width ? "" : string.Create(CultureInfo.InvariantCulture, $".p/{width}");

    private static string Number(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        var text = (index % 1000).ToString("000", CultureInfo.InvariantCulture);
        for (index /= 1000; index > 0; index /= 1000)
        {
            text = $"x{(index % 1000).ToString("000", CultureInfo.InvariantCulture)}/{text}";
        }

        return text;
    }
}
