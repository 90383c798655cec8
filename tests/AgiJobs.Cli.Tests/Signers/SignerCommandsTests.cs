using AgiJobs.Ethereum;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Signers;

public sealed class SignerCommandsTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_reference_is_added_tested_and_listed_with_what_it_is()
    {
        var added = await Devnet.RunAsync("signer", "add", "spare", "--kind", "development", "--index", "4");
        Assert.True(added.Exit == 0, added.ToString());
        Assert.Equal(0, (await Devnet.RunAsync("signer", "test", "spare")).Exit);
        var spare = (await Devnet.RunAsync("signer", "list", "--json")).Json["signers"]!.AsArray().Single(signer => (string?)signer!["name"] is "spare")!;
        Assert.Equal((Devnet.Accounts["guardian"].Address.ToString(), "guardian"), ((string?)spare["address"], (string?)spare["person"]));
        Assert.Contains("SystemPause.guardian", spare["roles"]!.AsArray().Select(role => (string?)role));
        Assert.Contains("commander", spare["duties"]!.AsArray().Select(duty => (string?)duty));
        var owner = (await Devnet.RunAsync("signer", "list", "--json")).Json["signers"]!.AsArray().Single(signer => (string?)signer!["name"] is "safe-owner-1")!;
        Assert.Contains($"owner of the Safe {Devnet.Safe}", owner["roles"]!.AsArray().Select(role => (string?)role));
    }

    [Fact]
    public async Task A_secret_is_never_written_nor_repeated()
    {
        var keystore = Path.GetTempFileName();
        try
        {
            string[] add = ["signer", "add", "ops", "--kind", "keystore", "--file", keystore, "--address", Address.Zero.ToString()];
            var literal = await Devnet.RunAsync([.. add, "--password", "hunter2"]);
            Assert.Equal(4, literal.Exit);
            Assert.Contains("[secret-literal, exit 4]", literal.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("hunter2", literal.ToString(), StringComparison.Ordinal);
            Assert.Equal(0, (await Devnet.RunAsync([.. add, "--password", "env:OPS_PASSWORD"])).Exit);
            Assert.Contains("\"env\": \"OPS_PASSWORD\"", await File.ReadAllTextAsync(Devnet.Workspace.NetworkSignersPath("local")), StringComparison.Ordinal);
            await RefusedAsync("signer-twice", 4, [.. add, "--password", "env:OPS_PASSWORD"]);
        }
        finally
        {
            File.Delete(keystore);
        }

        await RefusedAsync("secret-literal", 4, "signer", "add", "r", "--kind", "remote", "--url", "http://me:hunter2@127.0.0.1:1", "--address", Address.Zero.ToString());
    }

    [Fact]
    public async Task A_key_in_a_hardware_module_is_added_tested_listed_and_signs()
    {
        var token = await SoftToken.CreateAsync();
        var owner = Ethereum.Keys.Secp256k1.AddressOf(await token.ImportAsync("owner", "01"));
        var pin = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(pin, token.Pin + "\n");
            string[] add = ["signer", "add", "hsm", "--kind", "pkcs11", "--module", SoftToken.Module, "--token", token.Label, "--key-label", "owner"];
            var literal = await Devnet.RunAsync([.. add, "--pin", token.Pin]);
            Assert.Contains("[secret-literal, exit 4]", literal.Error, StringComparison.Ordinal);
            Assert.DoesNotContain(token.Pin, literal.Error, StringComparison.Ordinal);
            await RefusedAsync("signer-format", 2, [.. add[..^2], "--pin", "file:" + pin]);
            await RefusedAsync("signer-format", 2, [.. add, "--pin", "file:" + pin, "--url", "http://127.0.0.1:1"]);
            await RefusedAsync("pkcs11-key", 2, [.. add[..^1], "nobody", "--pin", "file:" + pin]);
            var added = await Devnet.RunAsync([.. add, "--pin", "file:" + pin, "--json"]);
            Assert.True(added.Exit == 0 && (string?)added.Json["address"] == owner.ToString(), added.ToString());
            Assert.Equal(0, (await Devnet.RunAsync("signer", "test", "hsm")).Exit);
            var real = await Agijobs.RunRealAsync(Devnet.Folder, ["signer", "test", "hsm"]);
            Assert.True(real.Exit == 0, real.ToString());
            var listed = (await Devnet.RunAsync("signer", "list", "--json")).Json["signers"]!.AsArray().Single(signer => (string?)signer!["name"] is "hsm")!;
            Assert.Equal(("pkcs11", owner.ToString()), ((string?)listed["kind"], (string?)listed["address"]));

            // The reference's address is what counts: a key that was exchanged on the token signs nothing.
            var path = Devnet.Workspace.NetworkSignersPath("local");
            await File.WriteAllTextAsync(path, (await File.ReadAllTextAsync(path)).Replace(owner.ToString(), Devnet.Accounts["guardian"].Address.ToString(), StringComparison.Ordinal));
            await RefusedAsync("signer-other-key", 6, "signer", "test", "hsm");
        }
        finally
        {
            File.Delete(pin);
        }
    }

    [Theory]
    [InlineData("signer-format", 2, "signer add x --kind development")]
    [InlineData("signer-format", 2, "signer add x --kind keystore --password env:X")]
    [InlineData("signer-format", 2, "signer add x --kind remote")]
    [InlineData("signer-format", 2, "signer add x --kind remote --url ftp://x")]
    [InlineData("signer-format", 2, "signer add x --kind development --index 1 --url http://x")]
    [InlineData("signer-name", 2, "signer add x/y --kind development --index 1")]
    [InlineData("signer-twice", 4, "signer add guardian --kind development --index 1")]
    [InlineData("signer-other-key", 6, "signer add x --kind development --index 1 --address 0x0000000000000000000000000000000000000000")]
    [InlineData("file-missing", 2, "signer add x --kind keystore --file nowhere.json --password env:X --address 0x0000000000000000000000000000000000000000")]
    [InlineData("signer-in-workspace", 4, "signer add x --kind keystore --file README.md --password env:X --address 0x0000000000000000000000000000000000000000")]
    [InlineData("file-missing", 2, "signer add x --kind pkcs11 --module nowhere.so --token t --key-label k --pin env:X")]
    [InlineData("command-line", 2, "signer add x --kind paper")]
    [InlineData("signer-unknown", 2, "signer test nobody")]
    public async Task What_cannot_be_a_reference_is_refused_and_nothing_is_written(string code, int exit, string line)
    {
        var before = Devnet.Tree();
        await RefusedAsync(code, exit, line.Split(' '));
        Assert.Equal(before, Devnet.Tree());
    }

    [Fact]
    public async Task A_signer_that_cannot_be_reached_is_not_taken_for_tested()
    {
        Assert.Equal(0, (await Devnet.RunAsync("signer", "add", "far", "--kind", "remote", "--url", "http://127.0.0.1:9", "--address", Devnet.Accounts["guardian"].Address.ToString())).Exit);
        Assert.NotEqual(0, (await Devnet.RunAsync("signer", "test", "far")).Exit);
    }

    private async Task RefusedAsync(string code, int exit, params string[] arguments)
    {
        var outcome = await Devnet.RunAsync([.. arguments, "--json"]);
        Assert.True(outcome.Exit == exit && (string?)outcome.Json["error"]?["code"] == code, outcome.ToString());
    }
}
