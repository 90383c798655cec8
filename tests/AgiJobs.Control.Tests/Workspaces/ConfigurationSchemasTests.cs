using AgiJobs.Control.Workspaces;
using AgiJobs.Testing;

namespace AgiJobs.Control.Tests.Workspaces;

public sealed class ConfigurationSchemasTests
{
    [Fact]
    public void The_shipped_schemas_are_those_of_the_types_that_read_the_files()
    {
        foreach (var name in ConfigurationSchemas.Types.Keys)
        {
            var path = Toolchain.PathOf("config", "schemas", name + ".schema.json");
            Assert.True(File.Exists(path), $"{path} is missing: write it with './agijobs config schema {name}'.");
            Assert.Equal(ConfigurationSchemas.Write(name), File.ReadAllText(path));
        }
    }

    [Fact]
    public void A_schema_forbids_unknown_keys_and_demands_the_required_ones()
    {
        var schema = ConfigurationSchemas.Write("network");
        Assert.Contains("\"additionalProperties\": false", schema, StringComparison.Ordinal);
        Assert.Contains("\"required\"", schema, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_schema_is_refused_with_those_there_are() =>
        Assert.Contains("owner-control", Assert.Throws<ControlException>(() => ConfigurationSchemas.Write("fees")).Message, StringComparison.Ordinal);
}
