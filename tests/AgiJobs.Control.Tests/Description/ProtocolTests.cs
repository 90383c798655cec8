using System.Text.Json.Nodes;

namespace AgiJobs.Control.Tests.Description;

public sealed class ProtocolTests : IDisposable
{
    private readonly SyntheticProtocol _synthetic = new SyntheticProtocol().WithWholeLevers(idempotent: true).WithOwnLevers();

    public void Dispose() => _synthetic.Dispose();

    [Fact]
    public void It_is_loaded_with_what_the_manifest_places_in_the_order_of_the_description()
    {
        _synthetic.Placed.Remove("Beta");
        var protocol = _synthetic.Load();
        Assert.Equal(["Hub", "Alpha", "Gamma"], protocol.Modules.Select(module => module.Name));
        Assert.Equal("Alpha", protocol.At(SyntheticProtocol.AddressOf("Alpha"))!.Name);
        Assert.Null(protocol.At(SyntheticProtocol.AddressOf("Beta")));
    }

    [Fact]
    public void A_star_covers_every_pausable_module_also_those_that_are_not_placed()
    {
        _synthetic.Placed.Remove("Beta");
        Assert.Equal(SyntheticProtocol.Pausable, _synthetic.Load()["Hub"].Levers[0].Covers);
    }

    [Fact]
    public void An_unknown_module_is_refused_with_those_there_are()
    {
        var refusal = Assert.Throws<ControlException>(() => _synthetic.Load()["Delta"]);
        Assert.Equal(("module-unknown", ExitCode.BadInput), (refusal.Code, refusal.Exit));
        Assert.Contains("'Delta'", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Hub, Alpha, Beta, Gamma", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_module_of_the_manifest_that_is_not_described_is_refused()
    {
        _synthetic.Placed["Delta"] = new JsonObject { ["address"] = SyntheticProtocol.AddressOf("Delta").ToString() };
        Refused("manifest-module", "'Delta'", "Hub, Alpha, Beta, Gamma");
    }

    [Fact]
    public void A_role_of_the_manifest_that_is_not_described_is_refused()
    {
        _synthetic.Placed["Hub"]!["roles"] = new JsonObject { ["gaurdian"] = new JsonArray() };
        Refused("manifest-role", "'gaurdian'", "owner, guardian");
    }

    [Fact]
    public void One_address_for_two_modules_is_refused()
    {
        _synthetic.Placed["Beta"]!["address"] = SyntheticProtocol.AddressOf("Alpha").ToString();
        Refused("manifest-module", "Alpha and Beta", SyntheticProtocol.AddressOf("Alpha").ToString());
    }

    [Fact]
    public void A_bad_checksum_in_the_manifest_is_refused_with_its_place()
    {
        _synthetic.Placed["Beta"]!["address"] = "0x70997970C51812dc3A010C7d01b50e0d17dc79c8";
        Refused("file-format", "$.modules.Beta.address", "checksum");
    }

    [Fact]
    public void A_module_that_is_described_twice_is_refused()
    {
        _synthetic.Modules.Add(_synthetic.Modules[1]!.DeepClone());
        Refused("description-invalid", "'Alpha'", "twice");
    }

    [Fact]
    public void A_function_that_the_ABI_does_not_have_is_refused()
    {
        _synthetic.AddLever("Alpha", "pause", "halt()", idempotent: true, null);
        Refused("description-invalid", "Alpha", "halt()");
    }

    [Fact]
    public void A_paused_view_that_returns_no_flag_is_refused()
    {
        _synthetic.Modules[1]!["paused"] = "owner()";
        Refused("description-invalid", "Alpha", "owner()");
    }

    [Fact]
    public void A_caller_that_is_no_role_is_refused()
    {
        _synthetic.AddLever("Alpha", "pause", "pause()", idempotent: true, null, "guardian");
        Refused("description-invalid", "'guardian'", "no role");
    }

    [Fact]
    public void A_caller_of_a_module_that_is_not_described_is_refused()
    {
        _synthetic.AddLever("Alpha", "pause", "pause()", idempotent: true, null, "Delta.owner");
        Refused("description-invalid", "'Delta.owner'");
    }

    [Fact]
    public void A_lever_that_covers_what_is_not_described_is_refused()
    {
        _synthetic.AddLever("Hub", "pause", "pauseAll()", idempotent: true, "Alpha,Delta");
        Refused("description-invalid", "'Delta'");
    }

    [Fact]
    public void A_lever_that_takes_something_else_than_a_module_is_refused()
    {
        _synthetic.AddLever("Hub", "pause", "configure(uint256)", idempotent: true, "*");
        Refused("description-invalid", "configure(uint256)");
    }

    [Fact]
    public void A_role_that_stands_twice_is_refused()
    {
        _synthetic.Hub["roles"]!.AsArray().Add(_synthetic.Hub["roles"]![0]!.DeepClone());
        Refused("description-invalid", "'owner'", "twice");
    }

    [Theory]
    [InlineData("""{ "name": "x", "power": "p", "risk": "red" }""", "exactly one")]
    [InlineData("""{ "name": "x", "power": "p", "risk": "red", "holders": "owner()", "accessControl": "GUARD_ROLE()" }""", "exactly one")]
    [InlineData("""{ "name": "x", "power": "p", "risk": "red", "holders": "members(uint8)" }""", "1 arguments")]
    [InlineData("""{ "name": "x", "power": "p", "risk": "red", "holders": "count()" }""", "neither an address nor a list")]
    [InlineData("""{ "name": "x", "power": "p", "risk": "red", "accessControl": "count()" }""", "id of a role")]
    public void A_role_of_which_it_cannot_be_read_who_holds_it_is_refused(string role, string reason)
    {
        _synthetic.Hub["roles"]!.AsArray().Add(JsonNode.Parse(role));
        Refused("description-invalid", "role x", reason);
    }

    [Fact]
    public void A_role_argument_of_the_wrong_type_is_refused()
    {
        _synthetic.Hub["roles"]!.AsArray().Add(JsonNode.Parse("""{ "name": "x", "power": "p", "risk": "red", "holders": "members(uint8)", "arguments": ["many"] }"""));
        Refused("argument-format", "'many'", "uint8");
    }

    [Fact]
    public void A_link_to_what_is_not_described_is_refused()
    {
        _synthetic.Hub["links"] = JsonNode.Parse("""[{ "getter": "owner()", "module": "Delta" }]""");
        Refused("description-invalid", "'Delta'");
    }

    [Fact]
    public void A_later_version_of_the_description_is_refused()
    {
        _synthetic.Description["version"] = 2;
        Refused("file-version", "version 2");
    }

    [Fact]
    public void A_description_that_does_not_exist_is_refused_by_its_name()
    {
        _synthetic.Manifest["protocol"] = "elsewhere";
        Refused("file-missing", "elsewhere.json");
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[{\"type\":\"function\"}]")]
    [InlineData("\0\u0001")]
    public void A_corrupt_ABI_is_refused_by_its_path(string content)
    {
        _synthetic.Write("config/protocol/abi/Leaf.json", content);
        Refused("file-format", "Leaf.json");
    }

    [Theory]
    [InlineData("modules")]
    [InlineData("levers")]
    [InlineData("roles")]
    public void Null_in_a_list_is_refused_with_its_place(string list)
    {
        (list == "modules" ? _synthetic.Modules : _synthetic.Hub[list]!.AsArray()).Add(null);
        Refused("file-format", list, "null");
    }

    [Fact]
    public void Null_for_a_module_of_the_manifest_is_refused_with_its_place()
    {
        _synthetic.Placed["Beta"] = null;
        Refused("file-format", "$.modules.Beta", "null");
    }

    private void Refused(string code, params string[] parts)
    {
        var refusal = Assert.Throws<ControlException>(_synthetic.Load);
        Assert.Equal((code, ExitCode.BadInput), (refusal.Code, refusal.Exit));
        Assert.All(parts, part => Assert.Contains(part, refusal.Message, StringComparison.Ordinal));
    }
}
