using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.Tests.Workspaces;

public sealed class WorkspaceTests : IDisposable
{
    private const string Network = """{"version":1,"chainId":31337,"rpc":["http://127.0.0.1:8545"],"safe":"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"}""";

    private readonly TemporaryFolder _folder = new();

    private Workspace Open() => Workspace.Find(_folder.Path, _folder.Path, _folder.Path, _folder.Path);

    private ControlException RefusalOf(string network) => Assert.Throws<ControlException>(() =>
    {
        _folder.Write("config/networks/local.json", network);
        Open().Network("local");
    });

    [Fact]
    public void A_network_file_is_read_with_its_units()
    {
        _folder.Write("config/networks/local.json", Network);
        var network = Open().Network("local");
        Assert.Equal(31337UL, network.ChainId.Value);
        Assert.Equal("http://127.0.0.1:8545", network.Rpc[0].Url);
    }

    [Fact]
    public void An_unknown_key_is_named_with_file_line_and_the_keys_that_are_known()
    {
        var refusal = RefusalOf("{\"version\":1,\"chainId\":1,\n\"rpcs\":[\"http://127.0.0.1\"],\"rpc\":[\"http://127.0.0.1\"]}");
        Assert.Equal(("file-format", ExitCode.BadInput), (refusal.Code, refusal.Exit));
        Assert.Contains("local.json, line 2", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("'rpcs'", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("chainId", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_checksum_keeps_its_own_message_and_gains_its_place()
    {
        var refusal = RefusalOf(Network.Replace("BeAed", "Beaed", StringComparison.Ordinal));
        Assert.Contains("$.safe", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("checksum", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_key_is_named() =>
        Assert.Contains("chainId", RefusalOf("""{"version":1,"rpc":["http://127.0.0.1"]}""").Message, StringComparison.Ordinal);

    [Fact]
    public void A_key_that_stands_twice_is_refused() =>
        Assert.Equal("file-format", RefusalOf("""{"version":1,"chainId":1,"chainId":2,"rpc":["http://127.0.0.1"]}""").Code);

    [Fact]
    public void A_later_version_is_refused() =>
        Assert.Equal("file-version", RefusalOf("""{"version":2,"chainId":1,"rpc":["http://127.0.0.1"]}""").Code);

    [Fact]
    public void An_empty_list_of_endpoints_is_refused() =>
        Assert.Contains("$.rpc", RefusalOf("""{"version":1,"chainId":1,"rpc":[]}""").Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\0\0\0")]
    public void A_corrupt_file_is_a_refusal_and_never_an_empty_network(string content) =>
        Assert.Equal("file-format", RefusalOf(content).Code);

    [Fact]
    public void An_unknown_network_is_refused_with_those_there_are()
    {
        _folder.Write("config/networks/local.json", Network);
        _folder.Write("config/networks/mainnet.json", Network);
        var refusal = Assert.Throws<ControlException>(() => Open().ChooseNetwork("sepolia"));
        Assert.Equal(("network-unknown", ExitCode.BadInput), (refusal.Code, refusal.Exit));
        Assert.Contains("local, mainnet", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void With_several_networks_the_one_to_use_must_be_said()
    {
        _folder.Write("config/networks/local.json", Network);
        Assert.Equal("local", Open().ChooseNetwork(null));
        _folder.Write("config/networks/mainnet.json", Network);
        Assert.Equal("network-several", Assert.Throws<ControlException>(() => Open().ChooseNetwork(null)).Code);
    }

    [Fact]
    public void A_signer_with_a_literal_password_is_refused_and_the_password_is_not_repeated()
    {
        _folder.Write("config/signers.json", """{"version":1,"signers":[{"name":"ops","kind":"keystore","address":"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed","file":"k.json","password":"hunter2"}]}""");
        var refusal = Assert.Throws<ControlException>(() => Open().Signers("local"));
        Assert.Contains("{\"env\": \"NAME\"}", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", refusal.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_nearest_parent_with_networks_is_the_workspace()
    {
        _folder.Write("config/networks/local.json", Network);
        var deep = Directory.CreateDirectory(_folder.File("reports", "deep")).FullName;
        Assert.Equal(_folder.Path, Workspace.Find(null, deep, "/nowhere", "/nowhere").Root);
    }

    public void Dispose() => _folder.Dispose();
}
