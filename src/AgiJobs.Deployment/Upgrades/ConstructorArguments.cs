using AgiJobs.Control;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Calls;

namespace AgiJobs.Deployment.Upgrades;

/// <summary>A value that a constructor is given.</summary>
/// <param name="Parameter">The constructor's parameter.</param>
/// <param name="Value">The value.</param>
/// <param name="Source">Where it comes from, for people.</param>
public sealed record ConstructorArgument(AbiParameter Parameter, AbiValue Value, string Source);

/// <summary>
/// What the constructor of a new module is given: what the operator says, else what the module in place says of itself. A parameter <c>initialOwner</c> or <c>owner</c> takes the value of the view <c>owner()</c>; a parameter
/// that is a contract takes that of the only view that returns the same interface. Nothing else is guessed.
/// </summary>
public static class ConstructorArguments
{
    private const string Initial = "initial";

    /// <summary>Finds a value for each parameter; one round trip.</summary>
    /// <param name="block">Where the module in place is read.</param>
    /// <param name="module">The module in place.</param>
    /// <param name="constructor">The new contract's constructor.</param>
    /// <param name="given">Values by the parameter's name; <c>@view</c> is what that view of the module in place says.</param>
    /// <param name="cancellation">Stops the reads.</param>
    /// <exception cref="ControlException"><c>argument-unknown</c>, <c>argument-missing</c>, <c>argument-format</c> (exit 2); <c>reading-unknown</c> (exit 5).</exception>
    public static async Task<IReadOnlyList<ConstructorArgument>> ResolveAsync(PinnedBlock block, Module module, AbiConstructor constructor, IReadOnlyDictionary<string, string> given, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(block);
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(constructor);
        ArgumentNullException.ThrowIfNull(given);
        if (given.Keys.FirstOrDefault(name => !constructor.Inputs.Any(input => string.Equals(input.Name, name, StringComparison.Ordinal))) is { } stray)
        {
            throw new ControlException("argument-unknown", ExitCode.BadInput, $"The constructor of {module.Name} has no parameter '{stray}'. It takes {(constructor.Inputs.Count == 0 ? "none" : string.Join(", ", constructor.Inputs))}.", "Write --arg NAME=VALUE with one of these names.");
        }

        var reads = block.NewReads();
        var sources = constructor.Inputs.Select(input => (Input: input, Text: given.GetValueOrDefault(input.Name), View: ViewOf(module, input, given.GetValueOrDefault(input.Name)))).ToList();
        var found = sources.ConvertAll(source => source.View is { } view ? reads.Call(module.Address, view) : null);
        if (reads.Count > 0)
        {
            await reads.SendAsync(cancellation).ConfigureAwait(false);
        }

        return [.. sources.Zip(found, (source, read) => read is null
            ? new ConstructorArgument(source.Input, Parse(source.Input, source.Text!), "--arg")
            : read.TryGet(out var values) ? new ConstructorArgument(source.Input, values[0], $"what {module.Name}.{source.View!.Signature} says now")
            : throw new ControlException("reading-unknown", ExitCode.Unknown, $"{module.Name}.{source.View!.Signature}, which the constructor's {source.Input.Name} is taken from, could not be read: {read.Error!.Message}.", $"Read again, or give --arg {source.Input.Name}=VALUE."))];
    }

    // Null when the operator gives the value itself.
    private static AbiFunction? ViewOf(Module module, AbiParameter input, string? given)
    {
        var views = module.Abi.Functions.Where(function => function.IsReadOnly && function.Inputs.Count == 0 && function.Outputs is [var output] && string.Equals(output.Type.ToString(), input.Type.ToString(), StringComparison.Ordinal)).ToList();
        if (given is not null)
        {
            return !given.StartsWith('@') ? null
                : views.FirstOrDefault(view => string.Equals(view.Name, given[1..], StringComparison.Ordinal))
                ?? throw new ControlException("argument-format", ExitCode.BadInput, $"--arg {input.Name}={given}: {module.Name} has no view {given[1..]}() that returns {input.Type}. It has {Names(views)}.", "Name one of these, or give the value.");
        }

        var bare = input.Name.Trim('_');
        bare = bare.StartsWith(Initial, StringComparison.Ordinal) && bare.Length > Initial.Length ? bare[Initial.Length..] : bare;
        if (bare.Length > 0 && views.FirstOrDefault(view => string.Equals(view.Name, bare, StringComparison.OrdinalIgnoreCase)) is { } named)
        {
            return named;
        }

        return input.InternalType is { } type && type.StartsWith("contract ", StringComparison.Ordinal) && views.Where(view => string.Equals(view.Outputs[0].InternalType, type, StringComparison.Ordinal)).ToList() is [var only]
            ? only
            : throw new ControlException("argument-missing", ExitCode.BadInput, $"The constructor of {module.Name} takes {input}, and no view of the module in place is called like it.", $"Give --arg {input.Name}=VALUE{(views.Count == 0 ? "" : $", or --arg {input.Name}=@VIEW to take over what one of {Names(views)} says")}.");
    }

    private static AbiValue Parse(AbiParameter input, string text) => input.Type.Element is { } element
        ? new AbiList([.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(item => ArgumentText.Parse(element, item))])
        : ArgumentText.Parse(input.Type, text);

    private static string Names(List<AbiFunction> views) => views.Count == 0 ? "none" : string.Join(", ", views.Select(view => view.Name));
}
