using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Keys;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Ethereum.Tests.Keys;

public sealed class KeystoreTests : IDisposable
{
    private const string Password = "correct horse, \u00e9\U0001F680";
    private const int Cheap = 4;

    private static readonly byte[] Key = Keccak256.Hash("keystore").ToBytes();

    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-keystore-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_is_written_reads_back_with_its_password_alone()
    {
        var path = Path.Combine(_folder, "key.json");
        using (var signer = new LocalSigner(Key))
        {
            Create(signer).Save(path);
        }

        var keystore = Keystore.Load(path);
        Assert.Equal(Secp256k1.AddressOf(Key), keystore.Address);
        using var unlocked = keystore.Unlock(Password);
        Assert.Equal(Secp256k1.AddressOf(Key), unlocked.Address);
        foreach (var wrong in new[] { "", "correct horse", Password + " " })
        {
            var refusal = Assert.Throws<EthereumException>(() => keystore.Unlock(wrong));
            Assert.Equal("keystore-password", refusal.Code);
            Assert.DoesNotContain("horse", refusal.ToString(), StringComparison.Ordinal);
        }

        Assert.Equal([path], Directory.GetFiles(_folder));
        Assert.DoesNotContain(Convert.ToHexStringLower(Key), File.ReadAllText(path), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_new_file_is_readable_by_its_owner_alone_and_never_replaces_another()
    {
        var path = Path.Combine(_folder, "key.json");
        using var signer = new LocalSigner(Key);
        var keystore = Create(signer);
        keystore.Save(path);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        }

        var before = File.ReadAllBytes(path);
        var refusal = Assert.Throws<EthereumException>(() => Create(signer).Save(path));
        Assert.Equal("keystore-exists", refusal.Code);
        Assert.Equal(Fault.Refused, refusal.Fault);
        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.Equal([path], Directory.GetFiles(_folder));

        var folder = Path.Combine(_folder, "folder.json");
        Directory.CreateDirectory(folder);
        Assert.Equal("keystore-exists", Assert.Throws<EthereumException>(() => keystore.Save(folder)).Code);
    }

    [Fact]
    public async Task Of_many_writers_of_one_name_one_wins_and_the_file_is_whole()
    {
        var path = Path.Combine(_folder, "key.json");
        using var signer = new LocalSigner(Key);
        var keystore = Create(signer);
        var won = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() =>
        {
            try
            {
                keystore.Save(path);
                return true;
            }
            catch (EthereumException refusal) when (refusal.Code == "keystore-exists")
            {
                return false;
            }
        }, TestContext.Current.CancellationToken)));
        Assert.Single(won, true);
        Assert.Equal([path], Directory.GetFiles(_folder));
        Keystore.Load(path).Unlock(Password).Dispose();
    }

    [Fact]
    public void A_folder_that_is_not_there_is_an_error_that_leaves_nothing()
    {
        using var signer = new LocalSigner(Key);
        var keystore = Create(signer);
        Assert.Equal("keystore-file", Assert.Throws<EthereumException>(() => keystore.Save(Path.Combine(_folder, "no", "key.json"))).Code);
        Assert.Equal("keystore-file", Assert.Throws<EthereumException>(() => Keystore.Load(Path.Combine(_folder, "no.json"))).Code);
        Assert.Equal("keystore-file", Assert.Throws<EthereumException>(() => Keystore.Load(_folder)).Code);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void An_empty_password_is_refused_for_new_files()
    {
        using var signer = new LocalSigner(Key);
        using var random = RandomNumberGenerator.Create();
        Assert.Equal("keystore-password-empty", Assert.Throws<EthereumException>(() => Keystore.Create(signer, "", random, Cheap)).Code);
        Assert.Equal("keystore-password-characters", Assert.Throws<EthereumException>(() =>
            Keystore.Create(signer, "half \ud83d", random, Cheap)).Code);
    }

    [Fact]
    public void A_file_that_names_another_address_is_refused()
    {
        var json = Json();
        json["address"] = "5aaeb6053f3e94c9b9a09f33669435e7ef1beaed";
        var refusal = Assert.Throws<EthereumException>(() => Parse(json).Unlock(Password));
        Assert.Equal("keystore-address", refusal.Code);
        Assert.Equal(Fault.Mismatch, refusal.Fault);
    }

    [Fact]
    public void Other_ways_of_writing_the_same_file_are_read()
    {
        var plain = Json();
        var upper = Json();
        upper["Crypto"] = upper["crypto"]!.DeepClone();
        upper.Remove("crypto");
        upper["address"] = "0x" + ((string)upper["address"]!).ToUpperInvariant();
        var bare = Json();
        bare.Remove("address");
        bare.Remove("id");
        var empty = Json();
        empty["address"] = "";
        empty["x-other"] = new JsonObject { ["n"] = 1 };
        foreach (var json in new[] { plain, upper, bare, empty })
        {
            using var signer = Parse(json).Unlock(Password);
            Assert.Equal(Secp256k1.AddressOf(Key), signer.Address);
        }

        Assert.Null(Parse(bare).Address);
        Assert.Null(Parse(empty).Address);
    }

    [Theory]
    [InlineData("version", "4", "keystore-version")]
    [InlineData("version", "1e400", "keystore-version")]
    [InlineData("version", "\"3\"", "keystore-format")]
    [InlineData("crypto", "null", "keystore-format")]
    [InlineData("crypto", "[]", "keystore-format")]
    [InlineData("crypto.cipher", "\"aes-256-gcm\"", "keystore-format")]
    [InlineData("crypto.cipherparams", "{}", "keystore-format")]
    [InlineData("crypto.cipherparams.iv", "\"00\"", "keystore-format")]
    [InlineData("crypto.ciphertext", "\"00\"", "keystore-format")]
    [InlineData("crypto.mac", "\"zz\"", "keystore-format")]
    [InlineData("crypto.kdf", "\"argon2\"", "keystore-format")]
    [InlineData("crypto.kdfparams.dklen", "64", "keystore-format")]
    [InlineData("crypto.kdfparams.n", "3", "keystore-format")]
    [InlineData("crypto.kdfparams.n", "0", "keystore-format")]
    [InlineData("crypto.kdfparams.n", "-2147483648", "keystore-format")]
    [InlineData("crypto.kdfparams.n", "1", "keystore-format")]
    [InlineData("crypto.kdfparams.n", "99999999999999", "keystore-format")]
    [InlineData("crypto.kdfparams.n", "2.5", "keystore-format")]
    [InlineData("crypto.kdfparams.n", "1073741824", "keystore-cost")]
    [InlineData("crypto.kdfparams.r", "2147483647", "keystore-cost")]
    [InlineData("crypto.kdfparams.p", "2147483647", "keystore-cost")]
    [InlineData("crypto.kdfparams.r", "0", "keystore-format")]
    [InlineData("crypto.kdfparams.p", "-1", "keystore-format")]
    [InlineData("address", "\"1234\"", "keystore-format")]
    [InlineData("address", "7", "keystore-format")]
    public void A_file_with_a_wrong_or_costly_member_is_refused_before_any_work(string member, string value, string code)
    {
        var json = Json();
        var names = member.Split('.');
        var parent = names[..^1].Aggregate(json, (node, name) => (JsonObject)node[name]!);
        parent[names[^1]] = JsonNode.Parse(value);
        Assert.Equal(code, Assert.Throws<EthereumException>(() => Parse(json)).Code);
    }

    [Theory]
    [InlineData("0", "keystore-format")]
    [InlineData("10000001", "keystore-cost")]
    [InlineData("2147483647", "keystore-cost")]
    public void A_wrong_or_costly_pbkdf2_count_is_refused(string count, string code)
    {
        var json = Json();
        json["crypto"]!["kdf"] = "pbkdf2";
        json["crypto"]!["kdfparams"] = JsonNode.Parse($$"""{"c":{{count}},"dklen":32,"prf":"hmac-sha256","salt":"00"}""");
        Assert.Equal(code, Assert.Throws<EthereumException>(() => Parse(json)).Code);
        json["crypto"]!["kdfparams"]!["c"] = 1;
        json["crypto"]!["kdfparams"]!["prf"] = "hmac-md5";
        Assert.Equal("keystore-format", Assert.Throws<EthereumException>(() => Parse(json)).Code);
    }

    [Fact]
    public void A_member_that_is_there_twice_is_refused()
    {
        var text = Json().ToJsonString().Replace("\"version\":3", "\"version\":3,\"Version\":3", StringComparison.Ordinal);
        Assert.Equal("keystore-format", Assert.Throws<EthereumException>(() => Keystore.Parse(Encoding.UTF8.GetBytes(text))).Code);
    }

    [Fact]
    public void Text_that_is_not_Unicode_is_refused()
    {
        foreach (var (old, replacement) in new[] { ("\"aes-128-ctr\"", "\"\\ud800\""), ("\"mac\"", "\"\\udc00\"") })
        {
            var text = Json().ToJsonString().Replace(old, replacement, StringComparison.Ordinal);
            Assert.Equal("keystore-format", Assert.Throws<EthereumException>(() => Keystore.Parse(Encoding.UTF8.GetBytes(text))).Code);
        }
    }

    [Fact]
    public void A_huge_file_is_refused_by_its_size()
    {
        Assert.Equal("keystore-size", Assert.Throws<EthereumException>(() => Keystore.Parse(new byte[Keystore.MaxFileSize + 1])).Code);
        if (OperatingSystem.IsLinux())
        {
            Assert.Equal("keystore-size", Assert.Throws<EthereumException>(() => Keystore.Load("/dev/zero")).Code);
        }
    }

    [Fact]
    public void Any_bytes_and_any_cut_of_a_file_are_an_error() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(300),
        Prop.ForAll(ArbMap.Default.ArbFor<(byte[] Bytes, NonNegativeInt At)>(), input =>
        {
            var whole = Encoding.UTF8.GetBytes(Json().ToJsonString());
            var cut = whole[..(input.At.Get % whole.Length)];
            Assert.Throws<EthereumException>(() => Keystore.Parse(input.Bytes));
            Assert.Throws<EthereumException>(() => Keystore.Parse(cut));
            Assert.Throws<EthereumException>(() => Keystore.Parse([.. cut, .. input.Bytes, (byte)'x']));
        }));

    [Fact]
    public void One_changed_digit_of_the_secret_parts_is_found()
    {
        foreach (var member in new[] { "ciphertext", "mac" })
        {
            var json = Json();
            var text = (string)json["crypto"]![member]!;
            json["crypto"]![member] = (text[0] == '0' ? '1' : '0') + text[1..];
            Assert.Equal("keystore-password", Assert.Throws<EthereumException>(() => Parse(json).Unlock(Password)).Code);
        }
    }

    private static Keystore Create(LocalSigner signer)
    {
        using var random = RandomNumberGenerator.Create();
        return Keystore.Create(signer, Password, random, Cheap);
    }

    private static JsonObject Json()
    {
        using var signer = new LocalSigner(Key);
        return (JsonObject)JsonNode.Parse(Create(signer).ToJson())!;
    }

    private static Keystore Parse(JsonObject json) => Keystore.Parse(Encoding.UTF8.GetBytes(json.ToJsonString()));
}
