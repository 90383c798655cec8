using AgiJobs.Control.Evidence.Log;

namespace AgiJobs.Control.Tests.Evidence.Log;

public sealed class TilePathTests
{
    // The last is the example of C2SP tlog-tiles.
    [Theory]
    [InlineData(0, "000")]
    [InlineData(999, "999")]
    [InlineData(1_000, "x001/000")]
    [InlineData(1_000_000, "x001/x000/000")]
    [InlineData(1_234_067, "x001/x234/067")]
    public void An_index_stands_in_groups_of_three_digits(long index, string path)
    {
        Assert.Equal($"tile/2/{path}", TilePath.Of(2, index));
        Assert.Equal($"tile/entries/{path}.p/7", TilePath.OfEntries(index, 7));
    }

    // C2SP tlog-tiles: a tree of 70,000 has a partial level 0 tile of width 112, level 1 of 17, level 2 of 1; a tree of 256 has a level 1 tile of width 1.
    [Theory]
    [InlineData(70_000, 0, 112)]
    [InlineData(70_000, 1, 17)]
    [InlineData(70_000, 2, 1)]
    [InlineData(70_000, 3, 0)]
    [InlineData(256, 0, 0)]
    [InlineData(256, 1, 1)]
    [InlineData(65_536, 1, 0)]
    [InlineData(65_536, 2, 1)]
    public void The_width_of_the_right_edge_follows_from_the_size(long size, int level, int width) => Assert.Equal(width, TilePath.PartialWidth(level, size));
}
