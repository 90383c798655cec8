namespace AgiJobs.Ethereum.Abi;

/// <summary>Marks an entry that says that the contract takes plain coins or unknown calldata.</summary>
internal enum AbiEntryMark
{
    Receive,
    Fallback,
    PayableFallback,
}

/// <summary>Reads one entry of a human-readable ABI: a function, constructor, event, error, <c>receive</c> or <c>fallback</c>.</summary>
internal static class AbiEntryReader
{
    public static object ReadAlone(string text, string kind)
    {
        var parser = new SignatureParser(text);
        if (!parser.TryWord(kind) && StartsWithOther(text, kind))
        {
            throw EthereumException.BadInput(
                "abi-syntax",
                $"'{Hex.Shorten(text)}' is not written as {(kind[0] is 'e' ? "an" : "a")} {kind}.");
        }

        return Read(parser, text, kind);
    }

    public static object Read(string text)
    {
        var parser = new SignatureParser(text);
        foreach (var kind in (ReadOnlySpan<string>)["function", "event", "error", "constructor", "receive", "fallback"])
        {
            if (parser.TryWord(kind))
            {
                return Read(parser, text, kind);
            }
        }

        throw EthereumException.BadInput(
            "abi-syntax", $"'{Hex.Shorten(text)}' must begin with function, event, error, constructor, receive or fallback.");
    }

    public static void RequireSelector(Selector selector, string signature, ReadOnlySpan<byte> data)
    {
        if (data.Length < Selector.Size || new Selector(data) != selector)
        {
            throw EthereumException.BadInput(
                "abi-selector",
                $"The data begins with {Hex.Encode(data[..Math.Min(Selector.Size, data.Length)])}, not with {selector}, the "
                + $"selector of {signature}.");
        }
    }

    // A name may equal a keyword only when a list follows it: error(uint256) is the function of that name.
    private static bool StartsWithOther(string text, string kind)
    {
        var parser = new SignatureParser(text);
        var word = parser.ReadWord();
        return word is "function" or "event" or "error" or "constructor" && word != kind && !parser.TryTake('(');
    }

    private static object Read(SignatureParser parser, string text, string kind)
    {
        switch (kind)
        {
            case "function":
                var name = parser.ReadName("the name of the function");
                var inputs = parser.ReadParameters();
                var mutability = ReadModifiers(parser, text);
                var outputs = parser.TryWord("returns") ? parser.ReadParameters() : [];
                End(parser);
                return new AbiFunction(name, inputs, outputs, mutability);
            case "event":
                name = parser.ReadName("the name of the event");
                inputs = parser.ReadParameters(indexedAllowed: true);
                var anonymous = parser.TryWord("anonymous");
                End(parser);
                return new AbiEvent(name, inputs, anonymous);
            case "error":
                name = parser.ReadName("the name of the error");
                inputs = parser.ReadParameters();
                End(parser);
                return new AbiError(name, inputs);
            case "constructor":
                inputs = parser.ReadParameters();
                mutability = ReadModifiers(parser, text);
                End(parser);
                return new AbiConstructor(inputs, mutability);
            default:
                if (parser.TryTake('(') && !parser.TryTake(')'))
                {
                    parser.ReadType();
                    parser.ReadWord();
                    parser.ReadWord();
                    if (!parser.TryTake(')'))
                    {
                        throw parser.Error("')'");
                    }
                }

                mutability = ReadModifiers(parser, text);
                if (parser.TryWord("returns"))
                {
                    parser.ReadParameters();
                }

                End(parser);
                return kind == "receive" ? AbiEntryMark.Receive
                    : mutability == StateMutability.Payable ? AbiEntryMark.PayableFallback
                    : AbiEntryMark.Fallback;
        }
    }

    private static StateMutability ReadModifiers(SignatureParser parser, string text)
    {
        StateMutability? mutability = null;
        while (true)
        {
            StateMutability found;
            if (parser.TryWord("view") || parser.TryWord("constant"))
            {
                found = StateMutability.View;
            }
            else if (parser.TryWord("pure"))
            {
                found = StateMutability.Pure;
            }
            else if (parser.TryWord("payable"))
            {
                found = StateMutability.Payable;
            }
            else if (parser.TryWord("nonpayable"))
            {
                found = StateMutability.NonPayable;
            }
            else if (parser.TryWord("external") || parser.TryWord("public") || parser.TryWord("virtual") || parser.TryWord("override"))
            {
                continue;
            }
            else
            {
                return mutability ?? StateMutability.NonPayable;
            }

            if (mutability is not null)
            {
                throw EthereumException.BadInput("abi-syntax", $"'{Hex.Shorten(text)}' says twice what the function may do to the state.");
            }

            mutability = found;
        }
    }

    private static void End(SignatureParser parser)
    {
        parser.TryTake(';');
        parser.ExpectEnd();
    }
}
