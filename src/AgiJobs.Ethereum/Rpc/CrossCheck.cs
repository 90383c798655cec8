using System.Collections;

namespace AgiJobs.Ethereum.Rpc;

/// <summary>What one node answered in a cross-check.</summary>
/// <typeparam name="T">The type of the answer.</typeparam>
public sealed class EndpointAnswer<T>
{
    private readonly RpcSlot<T> _slot;

    internal EndpointAnswer(string endpoint, RpcSlot<T> slot)
    {
        Endpoint = endpoint;
        _slot = slot;
    }

    /// <summary>The redacted name of the node.</summary>
    public string Endpoint { get; }

    /// <summary>True when the node answered with a value.</summary>
    public bool HasValue => _slot.Error is null;

    /// <summary>Why it did not, or null.</summary>
    public EthereumException? Error => _slot.Error;

    /// <summary>The value; throws <see cref="Error"/> when there is none.</summary>
    public T Value => _slot.Value;
}

/// <summary>How far the nodes agree.</summary>
public enum CrossCheckVerdict
{
    /// <summary>At least two nodes were asked, all answered, and all said the same.</summary>
    Agreed,

    /// <summary>Those that answered said the same, but there was only one node or some did not answer: nothing is confirmed.</summary>
    Unconfirmed,

    /// <summary>Two nodes said different things: at least one of them lies or is broken.</summary>
    Disagreed,

    /// <summary>No node answered.</summary>
    Unknown,
}

/// <summary>The same question put to every node.</summary>
/// <typeparam name="T">The type of the answer.</typeparam>
public sealed class CrossCheck<T>
{
    private readonly string _method;

    internal CrossCheck(string method, IReadOnlyList<EndpointAnswer<T>> answers)
    {
        _method = method;
        Answers = answers;
        var values = answers.Where(answer => answer.HasValue).Select(answer => answer.Value).ToArray();
        Verdict = values.Length == 0 ? CrossCheckVerdict.Unknown
            : !Array.TrueForAll(values, value => Same(value, values[0])) ? CrossCheckVerdict.Disagreed
            : values.Length == answers.Count && values.Length > 1 ? CrossCheckVerdict.Agreed
            : CrossCheckVerdict.Unconfirmed;
    }

    /// <summary>The answers in the order of the configured nodes.</summary>
    public IReadOnlyList<EndpointAnswer<T>> Answers { get; }

    /// <summary>Whether they agree.</summary>
    public CrossCheckVerdict Verdict { get; }

    /// <summary>The value on which all nodes that answered agree.</summary>
    /// <param name="requireConfirmation">True refuses a value that a second node has not confirmed.</param>
    /// <exception cref="EthereumException">
    /// <c>rpc-disagreement</c> (<see cref="Fault.Mismatch"/>) naming who said what; <c>rpc-unconfirmed</c> or <c>rpc-unreachable</c>
    /// (<see cref="Fault.Unknown"/>).
    /// </exception>
    public T AgreedValue(bool requireConfirmation = false) => Verdict switch
    {
        CrossCheckVerdict.Agreed => Answers[0].Value,
        CrossCheckVerdict.Unconfirmed when !requireConfirmation => Answers.First(answer => answer.HasValue).Value,
        CrossCheckVerdict.Unconfirmed => throw new EthereumException("rpc-unconfirmed", Fault.Unknown,
            $"{_method} is not confirmed by a second node: {Describe()}. Configure another RPC URL, or wait until all of them answer."),
        CrossCheckVerdict.Disagreed => throw new EthereumException("rpc-disagreement", Fault.Mismatch,
            $"The nodes disagree on {_method}: {Describe()}. At least one of them lies or is broken; find out which before going on."),
        _ => throw new EthereumException("rpc-unreachable", Fault.Unknown, $"No node answered {_method}: {Describe()}."),
    };

    /// <summary>Who said what, on one line.</summary>
    public string Describe() => string.Join("; ", Answers.Select(answer =>
        $"{answer.Endpoint} {(answer.HasValue ? "says " + Show(answer.Value) : "did not answer (" + answer.Error!.Message + ")")}"));

    private static bool Same(T left, T right) =>
        left is IStructuralEquatable list
            ? list.Equals(right, StructuralComparisons.StructuralEqualityComparer)
            : EqualityComparer<T>.Default.Equals(left, right);

    private static string Show(T value) => value switch
    {
        byte[] bytes => Hex.Shorten(Hex.Encode(bytes)),
        null => "nothing",
        _ => value.ToString() ?? "",
    };
}
