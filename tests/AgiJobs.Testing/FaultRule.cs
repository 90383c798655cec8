using System.Text.Json.Nodes;

namespace AgiJobs.Testing;

/// <summary>
/// What a <see cref="FaultyRpc"/> does with requests for one method. Begin with a condition if one is needed, end with an action.
/// </summary>
public sealed class FaultRule
{
    private readonly string _method;
    private int _skip;
    private int _left = int.MaxValue;
    private Func<JsonArray, bool> _condition = _ => true;
    private int _hits;

    internal FaultRule(string method) => _method = method;

    internal enum Kind
    {
        None,
        Stall,
        Drop,
        DropAnswer,
        Http,
        Error,
        Result,
        Omit,
        Repeat,
        OtherId,
    }

    internal Kind Action { get; private set; }

    internal int Status { get; private set; } = 200;

    internal byte[] Body { get; private set; } = [];

    internal string Headers { get; private set; } = "";

    internal JsonObject? ErrorObject { get; private set; }

    internal Func<JsonArray, JsonNode?, JsonNode?>? Mutation { get; private set; }

    internal bool NeedsUpstream { get; private set; }

    /// <summary>How many requests it was applied to.</summary>
    public int Hits => Volatile.Read(ref _hits);

    /// <summary>Applies to the next <paramref name="count"/> matching requests only.</summary>
    public FaultRule Times(int count)
    {
        _left = count;
        return this;
    }

    /// <summary>Lets the first <paramref name="count"/> matching requests pass.</summary>
    public FaultRule After(int count)
    {
        _skip = count;
        return this;
    }

    /// <summary>Applies only to requests whose parameters fulfil the condition.</summary>
    public FaultRule When(Func<JsonArray, bool> condition)
    {
        _condition = condition;
        return this;
    }

    /// <summary>Receives the request and never answers.</summary>
    public FaultRule Stall() => Do(Kind.Stall);

    /// <summary>Closes the connection; the node never sees the request.</summary>
    public FaultRule Drop() => Do(Kind.Drop);

    /// <summary>Hands the request to the node and closes the connection instead of answering.</summary>
    public FaultRule DropAnswer() => Do(Kind.DropAnswer, needsUpstream: true);

    /// <summary>
    /// Answers the whole exchange with an HTTP status and a body; <paramref name="headers"/> are lines that each end with CR LF.
    /// </summary>
    public FaultRule Http(int status, string body = "", string headers = "")
    {
        Status = status;
        Headers = headers;
        return Bytes(System.Text.Encoding.UTF8.GetBytes(body));
    }

    /// <summary>Answers the whole exchange with these bytes.</summary>
    public FaultRule Bytes(byte[] body)
    {
        Body = body;
        return Do(Kind.Http);
    }

    /// <summary>Answers with a JSON-RPC error.</summary>
    public FaultRule Error(long code, string message, JsonNode? data = null)
    {
        ErrorObject = new JsonObject { ["code"] = code, ["message"] = message };
        if (data is not null)
        {
            ErrorObject["data"] = data;
        }

        return Do(Kind.Error);
    }

    /// <summary>Answers with this result without asking the node.</summary>
    public FaultRule Result(JsonNode? result)
    {
        Mutation = (_, _) => result?.DeepClone();
        return Do(Kind.Result);
    }

    /// <summary>Changes the node's result: gets the parameters and a copy of the result.</summary>
    public FaultRule Change(Func<JsonArray, JsonNode?, JsonNode?> change)
    {
        Mutation = change;
        return Do(Kind.Result, needsUpstream: true);
    }

    /// <summary>Leaves the answer out of the batch.</summary>
    public FaultRule Omit() => Do(Kind.Omit, needsUpstream: true);

    /// <summary>Answers twice in the batch.</summary>
    public FaultRule Repeat() => Do(Kind.Repeat, needsUpstream: true);

    /// <summary>Answers under an id that was not asked for.</summary>
    public FaultRule OtherId() => Do(Kind.OtherId, needsUpstream: true);

    internal bool Applies(string method, JsonArray parameters)
    {
        if (Action == Kind.None || (_method != "*" && _method != method) || !_condition(parameters))
        {
            return false;
        }

        if (_skip > 0)
        {
            _skip--;
            return false;
        }

        if (_left == 0)
        {
            return false;
        }

        _left--;
        Interlocked.Increment(ref _hits);
        return true;
    }

    private FaultRule Do(Kind action, bool needsUpstream = false)
    {
        NeedsUpstream = needsUpstream;
        Action = action;
        return this;
    }
}
