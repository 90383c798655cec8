using System.Text.Json.Nodes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Funds;
using AgiJobs.Control.Pausing;

namespace AgiJobs.Control.Tests.Pausing;

/// <summary>In which order modules come back, and what may leave the pools meanwhile.</summary>
public sealed class ResumeOrderTests : IDisposable
{
    private readonly SyntheticProtocol _synthetic = new();

    public void Dispose() => _synthetic.Dispose();

    [Theory]
    [InlineData("Alpha>Beta Beta>Gamma", "", "Gamma Beta Alpha")]
    [InlineData("", "", "Alpha Beta Gamma")]
    [InlineData("Alpha>Beta Beta>Alpha", "", "Gamma Alpha Beta")]
    [InlineData("Alpha>Beta Beta>Alpha Alpha>Gamma", "", "Gamma Alpha Beta")]
    [InlineData("Alpha>Beta Beta>Gamma", "Gamma", "Beta Alpha Gamma")]
    [InlineData("Beta>Alpha", "Alpha Beta", "Gamma Alpha Beta")]
    public void What_others_depend_on_comes_first_and_what_holds_money_last(string links, string pools, string order)
    {
        var protocol = Load(links, pools);
        Assert.Equal(order.Split(' '), ResumeOrder.Of(protocol, [.. SyntheticProtocol.Pausable.Select(name => protocol[name])]).Select(module => module.Name));
    }

    [Theory]
    [InlineData("100 COIN", "100 COIN")]
    [InlineData("0.5 COIN", "0.5 COIN")]
    [InlineData("100", null)]
    [InlineData("100 ETH", null)]
    [InlineData("-1 COIN", null)]
    [InlineData("100 COIN,100 COIN", null)]
    [InlineData("", null)]
    public void A_limit_is_an_amount_of_each_token_that_the_pools_hold(string amounts, string? limits)
    {
        var protocol = Load("", "Gamma");
        string[] given = amounts.Split(',', StringSplitOptions.RemoveEmptyEntries);
        if (limits is null)
        {
            Assert.Equal(("outflow-limit", ExitCode.BadInput), Assert.Throws<ControlException>(() => Pool.Limits(protocol, given)) is var refused ? (refused.Code, refused.Exit) : default);
        }
        else
        {
            Assert.Equal([limits], Pool.Limits(protocol, given));
        }
    }

    [Fact]
    public void A_description_without_pools_cannot_be_watched() =>
        Assert.Equal("pools-unknown", Assert.Throws<ControlException>(() => Pool.Limits(Load("", ""), ["1 COIN"])).Code);

    private Protocol Load(string links, string pools)
    {
        _synthetic.WriteAbi("Coin", "function balanceOf(address) view returns (uint256)");
        _synthetic.Description["tokens"] = new JsonObject { ["COIN"] = 18 };
        _synthetic.Modules.Add(JsonNode.Parse("""{ "name": "Coin", "purpose": "Money.", "abi": "Coin" }"""));
        _synthetic.Placed["Coin"] = new JsonObject { ["address"] = SyntheticProtocol.AddressOf("Coin").ToString() };
        _synthetic.Description["figures"] = new JsonArray([.. pools.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pool => (JsonNode)new JsonObject { ["name"] = $"balance of {pool}", ["module"] = "Coin", ["view"] = "balanceOf(address)", ["arguments"] = new JsonArray($"@{pool}"), ["unit"] = "COIN" })]);
        foreach (var link in links.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(link => link.Split('>')))
        {
            var module = _synthetic.Modules.Select(entry => entry!.AsObject()).First(entry => (string?)entry["name"] == link[0]);
            (module["links"] ??= new JsonArray()).AsArray().Add(new JsonObject { ["getter"] = "owner()", ["module"] = link[1] });
        }

        return _synthetic.Load();
    }
}
