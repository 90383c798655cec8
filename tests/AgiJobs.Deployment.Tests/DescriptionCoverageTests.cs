using AgiJobs.Control.Description;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Deployment.Tests;

/// <summary>The shipped description of AGI Jobs against the contracts that were compiled in this build.</summary>
public sealed class DescriptionCoverageTests
{
    private static readonly string Config = Path.Combine(AppContext.BaseDirectory, "config");

    private static readonly ProtocolFile File = JsonFile.Read(Path.Combine(Config, "protocol", "agi-jobs.json"), WorkspaceJson.Default.ProtocolFile);

    public static TheoryData<string> Modules => [.. File.Modules.Select(module => module.Name)];

    private static ModuleFile Module(string name) => File.Modules.Single(module => string.Equals(module.Name, name, StringComparison.Ordinal));

    private static ContractAbi Abi(ModuleFile module) => ContractAbi.FromJson(System.IO.File.ReadAllText(Path.Combine(Config, "protocol", "abi", module.Abi + ".json")));

    [Fact]
    public void Every_contract_that_the_deployer_deploys_is_described_and_no_other() =>
        Assert.Equal(AgiJobsDeployer.Contracts.Keys.Order(StringComparer.Ordinal), File.Modules.Select(module => module.Name).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Modules))]
    public void Every_function_that_changes_state_is_a_lever_a_role_a_link_a_parameter_an_action_or_a_participants_own(string name)
    {
        var module = Module(name);
        var abi = Abi(module);
        var described = Described(module).Select(function => abi.Function(function).Signature).ToHashSet(StringComparer.Ordinal);
        var forgotten = abi.Functions.Where(function => !function.IsReadOnly && !described.Contains(function.Signature)).Select(function => function.Signature);
        Assert.Empty(forgotten);
    }

    [Theory]
    [MemberData(nameof(Modules))]
    public void No_setter_hides_among_the_participants_functions(string name) =>
        Assert.DoesNotContain(Module(name).Participants, function => function.StartsWith("set", StringComparison.Ordinal) && char.IsUpper(function[3]));

    [Theory]
    [MemberData(nameof(Modules))]
    public void Every_list_of_holders_in_the_interface_is_a_role(string name)
    {
        var module = Module(name);
        var abi = Abi(module);
        string[] notRoles = ["committeeOf", "participantsOf", "rootNodeAliases"];
        var roles = module.Roles.Select(role => role.Holders).OfType<string>().Select(holders => abi.Function(holders).Name).ToHashSet(StringComparer.Ordinal);
        var lists = abi.Functions
            .Where(function => function.IsReadOnly && function.Outputs is [{ Type.Kind: AbiTypeKind.DynamicArray, Type.Element.Kind: AbiTypeKind.Address }])
            .Select(function => function.Name)
            .Where(function => !notRoles.Contains(function, StringComparer.Ordinal) && !function.StartsWith("getRole", StringComparison.Ordinal));
        Assert.All(lists, list => Assert.Contains(list, roles));
    }

    [Theory]
    [MemberData(nameof(Modules))]
    public void Every_role_id_of_AccessControl_is_a_role(string name)
    {
        var module = Module(name);
        var ids = Abi(module).Functions.Where(function => function.IsReadOnly && function.Inputs.Count == 0 && function.Name.EndsWith("_ROLE", StringComparison.Ordinal) && function.Outputs is [{ Type.Kind: AbiTypeKind.FixedBytes }]).Select(function => function.Signature);
        Assert.All(ids, id => Assert.Contains(id, module.Roles.Select(role => role.AccessControl)));
    }

    [Theory]
    [MemberData(nameof(Modules))]
    public void A_module_that_can_be_paused_says_how_and_by_whom(string name)
    {
        var module = Module(name);
        var pausable = Abi(module).Functions.Any(function => string.Equals(function.Signature, "pause()", StringComparison.Ordinal));
        Assert.Equal(pausable, module.Paused is not null);
        Assert.Equal(pausable, module.Levers.Any(lever => lever.Action == LeverAction.Pause && lever.Covers is null));
        Assert.Equal(pausable, module.Levers.Any(lever => lever.Action == LeverAction.Resume && lever.Covers is null));
    }

    [Fact]
    public void Every_parameter_has_a_unit_that_is_known_and_bounds_in_order()
    {
        foreach (var parameter in File.Modules.SelectMany(module => module.Parameters))
        {
            Assert.Equal(parameter.Unit, Unit.Of(parameter.Unit, File.Tokens).Name);
            Assert.True(parameter.Min is null || parameter.Max is null || System.Numerics.BigInteger.Parse(parameter.Min) <= System.Numerics.BigInteger.Parse(parameter.Max), parameter.Name);
        }
    }

    [Fact]
    public void A_description_that_forgets_a_setter_is_noticed()
    {
        var module = Module("FeePool") with { Parameters = [] };
        var described = Described(module).ToHashSet(StringComparer.Ordinal);
        Assert.Contains(Abi(module).Functions, function => !function.IsReadOnly && !described.Contains(function.Signature));
    }

    private static IEnumerable<string> Described(ModuleFile module) =>
        ((IEnumerable<string?>)
        [
            .. module.Levers.Select(lever => lever.Function),
            .. module.Roles.SelectMany(role => (string?[])[role.Grant, role.Revoke]),
            .. module.Links.Select(link => link.Setter),
            .. module.Parameters.Select(parameter => parameter.Setter),
            .. module.Actions.Select(action => action.Function),
            .. module.Forwards.Select(forward => forward.Function),
            .. module.Participants,
        ]).OfType<string>();
}
