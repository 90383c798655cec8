using AgiJobs.Hgm.Ledger;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Hgm.Tests.Ledger;

public sealed class MoneyTests
{
    [Theory]
    [InlineData("0")]
    [InlineData("1")]
    [InlineData("-0.5")]
    [InlineData("999999999999.999999999999999999")]
    [InlineData("0.000000000000000001")]
    public void An_amount_reads_back_as_it_is_written(string text) => Assert.Equal(text, Amount.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData(".5")]
    [InlineData("5.")]
    [InlineData("1e3")]
    [InlineData("1,000")]
    [InlineData("+1")]
    [InlineData("NaN")]
    [InlineData(" 1")]
    [InlineData("1000000000000")]
    [InlineData("0.0000000000000000001")]
    [InlineData("٣")]
    public void What_is_no_amount_is_refused(string text) => Assert.Equal("bad-amount", Assert.Throws<HgmException>(() => Amount.Parse(text)).Code);

    [Fact]
    public void Sums_do_not_depend_on_their_order()
    {
        // In binary floating point 0.1 + 0.2 - 0.3 is not nothing; in decimal a sum of 28 digits rounds.
        Assert.Equal(Amount.Zero, Amount.Parse("0.1") + Amount.Parse("0.2") - Amount.Parse("0.3"));
        var large = Amount.Parse("999999999999.999999999999999999");
        var small = Amount.Parse("0.000000000000000001");
        Assert.Equal(small, large + small - large);
        Assert.Throws<OverflowException>(() => Amount.OfAtoms(Int128.MaxValue) + small);
    }

    [Theory]
    [InlineData("1", "3", "0.333333333333")]
    [InlineData("-1", "3", "-0.333333333334")]
    [InlineData("2", "1", "2")]
    [InlineData("0", "1", "0")]
    public void A_return_is_rounded_down(string value, string cost, string expected) =>
        Assert.Equal(decimal.Parse(expected, System.Globalization.CultureInfo.InvariantCulture), new Account(Amount.Parse(cost), Amount.Parse(value)).Roi);

    [Fact]
    public void Without_cost_there_is_no_return_and_it_is_not_zero() => Assert.Null(new Account(Amount.Zero, Amount.Parse("5")).Roi);

    [Fact]
    public void Whatever_is_reserved_and_settled_the_cap_holds_and_nothing_is_lost() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(
        (from kind in Gen.Choose(0, 2) from amount in Gen.Choose(0, 40) select (kind, amount)).ArrayOf().ToArbitrary(),
        actions =>
        {
            var book = new BudgetBook(Amount.OfAtoms(100));
            var open = new List<(int Operation, Int128 Reserved)>();
            Int128 claimed = 0;
            var operation = 0;
            foreach (var (kind, atoms) in actions)
            {
                var amount = Amount.OfAtoms(atoms);
                if (kind > 0)
                {
                    var fits = book.Spent.Atoms + open.Aggregate((Int128)0, (sum, reserved) => sum + reserved.Reserved) + atoms <= 100;
                    Assert.Equal(fits, book.CanReserve(amount));
                    if (fits)
                    {
                        book.Reserve(operation, amount);
                        open.Add((operation, atoms));
                    }
                    else
                    {
                        Assert.Equal("cap-reached", Assert.Throws<HgmException>(() => book.Reserve(operation, amount)).Code);
                    }

                    operation++;
                }
                else if (open.Count > 0)
                {
                    var (settled, reserved) = open[atoms % open.Count];
                    open.RemoveAt(atoms % open.Count);
                    claimed += atoms;
                    Assert.Equal(Int128.Min(atoms, reserved), book.Settle(settled, amount).Atoms);
                    Assert.Equal("not-reserved", Assert.Throws<HgmException>(() => book.Settle(settled, amount)).Code);
                }

                Assert.True(book.Spent + book.Reserved <= Amount.OfAtoms(100));
                Assert.Equal(claimed, (book.Spent + book.Disputed).Atoms);
                Assert.Equal(100 - book.Spent.Atoms - open.Aggregate((Int128)0, (sum, reserved) => sum + reserved.Reserved), book.Free!.Value.Atoms);
            }
        }));

    [Fact]
    public void Without_a_cap_everything_is_accepted()
    {
        var book = new BudgetBook(null);
        book.Reserve(0, Amount.Zero);
        Assert.Equal(Amount.Parse("5"), book.Settle(0, Amount.Parse("5")));
        Assert.Null(book.Free);
    }
}
