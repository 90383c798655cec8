using System.Text;
using AgiJobs.Ethereum.Keys;
using Org.BouncyCastle.Crypto.Generators;

namespace AgiJobs.Ethereum.Tests.Keys;

public sealed class ScryptTests
{
    // RFC 7914, section 12; the first 32 of 64 bytes, which do not depend on the length asked for.
    [Theory]
    [InlineData("", "", 16, 1, 1, "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442")]
    [InlineData("password", "NaCl", 1024, 8, 16, "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162")]
    [InlineData("pleaseletmein", "SodiumChloride", 16384, 8, 1, "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2")]
    public void Both_implementations_give_the_published_keys(string password, string salt, int n, int r, int p, string expected)
    {
        var key = new byte[32];
        new KeyDerivation.Scrypt(Encoding.ASCII.GetBytes(salt), n, r, p).Derive(Encoding.ASCII.GetBytes(password), key);
        Assert.Equal(expected, Convert.ToHexStringLower(key));
        Array.Clear(key);
        ScryptMix.Derive(Encoding.ASCII.GetBytes(password), Encoding.ASCII.GetBytes(salt), n, r, p, key);
        Assert.Equal(expected, Convert.ToHexStringLower(key));
    }

    [Fact]
    public void BouncyCastle_agrees_for_other_shapes()
    {
        var random = new Random(7914);
        var password = new byte[20];
        var salt = new byte[32];
        foreach (var (n, r, p) in new[] { (2, 1, 1), (2, 3, 5), (64, 2, 3), (256, 16, 1), (512, 5, 2), (4096, 1, 4), (1 << 16, 1, 1) })
        {
            random.NextBytes(password);
            random.NextBytes(salt);
            var expected = n < 1 << 16 ? SCrypt.Generate(password, salt, n, r, p, 32) : null;
            var key = new byte[32];
            new KeyDerivation.Scrypt(salt, n, r, p).Derive(password, key);
            var managed = new byte[32];
            ScryptMix.Derive(password, salt, n, r, p, managed);
            Assert.Equal(expected ?? managed, key);
            Assert.Equal(expected ?? key, managed);
        }
    }
}
