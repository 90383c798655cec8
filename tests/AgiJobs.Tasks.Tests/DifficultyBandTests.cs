namespace AgiJobs.Tasks.Tests;

public sealed class DifficultyBandTests
{
    [Theory]
    [InlineData(-5, 0)]
    [InlineData(0, 0)]
    [InlineData(99, 0)]
    [InlineData(100, 1)]
    [InlineData(899, 8)]
    [InlineData(900, 9)]
    [InlineData(1000, 9)]
    [InlineData(5000, 9)]
    public void A_difficulty_has_its_band(int difficulty, int index) => Assert.Equal(index, DifficultyBand.Of(difficulty).Index);

    [Fact]
    public void Ten_bands_cover_the_dial_without_gap_or_overlap()
    {
        var next = 0;
        for (var index = 0; index < DifficultyBand.Count; index++)
        {
            var band = new DifficultyBand(index);
            Assert.Equal(next, band.Lowest);
            Assert.Equal(band, DifficultyBand.Of(band.Lowest));
            Assert.Equal(band, DifficultyBand.Of(band.Highest));
            next = band.Highest + 1;
        }

        Assert.Equal(TaskStatement.MaxDifficulty + 1, next);
        Assert.Equal("900-1000", new DifficultyBand(9).ToString());
    }
}
