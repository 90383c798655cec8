using System.Text;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Keys;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Ethereum.Tests.Keys;

public sealed class MnemonicTests
{
    private const string Phrase = "legal winner thank year wave sausage worth useful legal winner thank yellow";

    [Fact]
    public void The_word_list_is_the_published_one()
    {
        using var stream = typeof(Mnemonic).Assembly.GetManifestResourceStream("bip39-english.txt")!;
        using var reader = new StreamReader(stream);
        var text = reader.ReadToEnd();
        Assert.Equal(2048, text.Count(c => c == '\n'));
        Assert.Equal("0x3c8acc1e7b08d8e76f9fda015ef48dc8c710a73cb7e0f77b2c18a9b5a7adde60", Keccak256.Hash(text).ToString());
    }

    [Fact]
    public void Every_entropy_makes_a_phrase_that_reads_back() => Check.One(Config.QuickThrowOnFailure, Prop.ForAll(
        Gen.Elements(16, 20, 24, 28, 32).SelectMany(length => ArbMap.Default.GeneratorFor<byte>().ArrayOf(length)).ToArbitrary(),
        entropy =>
        {
            using var made = Mnemonic.FromEntropy(entropy);
            using var read = Mnemonic.Parse(made.RevealPhrase());
            Assert.Equal(entropy, read.CopyEntropy());
            Assert.Equal(entropy.Length * 3 / 4, read.WordCount);
        }));

    [Theory]
    [InlineData("  LEGAL winner\tthank\nyear wave sausage worth useful legal winner thank yellow \r\n")]
    [InlineData("legal winner thank year wave sausage worth\u3000useful legal winner thank yellow")]
    public void White_space_and_letter_case_do_not_matter(string phrase)
    {
        using var plain = Mnemonic.Parse(Phrase);
        using var other = Mnemonic.Parse(phrase);
        Assert.Equal(plain.CopyEntropy(), other.CopyEntropy());
        Assert.Equal(Phrase, other.RevealPhrase());
    }

    [Theory]
    [InlineData("", "mnemonic-length")]
    [InlineData("legal", "mnemonic-length")]
    [InlineData("legal winner thank year wave sausage worth useful legal winner thank", "mnemonic-length")]
    [InlineData("legal winner thank year wave sausage worth useful legal winner thank yelow", "mnemonic-word")]
    [InlineData("legal winner thank year wave sausage worth useful legal winner thank thank", "mnemonic-checksum")]
    [InlineData("winner legal thank year wave sausage worth useful legal winner thank yellow", "mnemonic-checksum")]
    public void A_wrong_phrase_is_refused_without_repeating_its_words(string phrase, string code)
    {
        var refusal = Assert.Throws<EthereumException>(() => Mnemonic.Parse(phrase));
        Assert.Equal(code, refusal.Code);
        Assert.DoesNotContain("sausage", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("yelow", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_text_is_a_phrase_or_an_error() =>
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(ArbMap.Default.ArbFor<string>(), text =>
    {
        try
        {
            Mnemonic.Parse(text).Dispose();
        }
        catch (EthereumException)
        {
        }
    }));

    [Fact]
    public void A_phrase_of_a_million_words_is_refused_at_the_twenty_fifth() => Assert.Equal(
        "mnemonic-length", Assert.Throws<EthereumException>(() =>
            Mnemonic.Parse(new StringBuilder().Insert(0, "abandon ", 1_000_000).ToString())).Code);

    [Fact]
    public void A_phrase_prints_nothing_of_itself_and_is_gone_after_disposal()
    {
        var mnemonic = Mnemonic.Parse(Phrase);
        Assert.Equal("a recovery phrase of 12 words", mnemonic.ToString());
        mnemonic.Dispose();
        Assert.Throws<ObjectDisposedException>(mnemonic.RevealPhrase);
        Assert.Throws<ObjectDisposedException>(() => mnemonic.ToSeed());
        Assert.Equal("mnemonic-entropy", Assert.Throws<EthereumException>(() => Mnemonic.FromEntropy(new byte[17])).Code);
    }
}
