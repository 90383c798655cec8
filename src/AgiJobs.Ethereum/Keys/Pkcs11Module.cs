using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace AgiJobs.Ethereum.Keys;

/// <summary>
/// A PKCS#11 library, loaded and initialised once in a process and never finalised, since other parts of the process may use it too. Source: PKCS #11 Cryptographic Token
/// Interface Base Specification 2.40, of which the C interface (<c>C_GetFunctionList</c>) is used.
/// </summary>
internal sealed unsafe class Pkcs11Module
{
    /// <summary>Object classes, attributes and mechanisms of the specification's <c>pkcs11t.h</c>.</summary>
    public const nuint ClassAttribute = 0x000, LabelAttribute = 0x003, KeyTypeAttribute = 0x100, IdAttribute = 0x102, EcParametersAttribute = 0x180, EcPointAttribute = 0x181;
    public const nuint PublicKeyClass = 2, PrivateKeyClass = 3, EcKeyType = 3;

    private const nuint EcdsaMechanism = 0x1041;
    private const nuint SerialSession = 4, OsLocking = 2, UserRole = 1;
    private const nuint Ok = 0, CryptokiAlreadyInitialized = 0x191, UserAlreadyLoggedIn = 0x100, PinIncorrect = 0xA0, PinInvalid = 0xA1, PinLength = 0xA2, PinExpired = 0xA3, PinLocked = 0xA4;
    private const nuint FunctionCanceled = 0x50, FunctionRejected = 0x200;

    // CK_TOKEN_INFO has 208 bytes where unsigned long has 8.
    private const int TokenInfoSize = 256;
    private const int TokenLabelSize = 32;
    private static readonly nuint Unavailable = nuint.MaxValue;

    private static readonly Lock Loading = new();
    private static readonly Dictionary<string, Pkcs11Module> Loaded = new(StringComparer.Ordinal);

    private readonly string _path;
    private readonly nint* _functions;

    private Pkcs11Module(string path, nint* functions)
    {
        _path = path;
        _functions = functions;
    }

    /// <summary>The places of the functions in <c>CK_FUNCTION_LIST</c>, whose order the specification fixes.</summary>
    private enum Function
    {
        Initialize = 0,
        GetSlotList = 4,
        GetTokenInfo = 6,
        OpenSession = 12,
        CloseSession = 13,
        Login = 18,
        GetAttributeValue = 24,
        FindObjectsInit = 26,
        FindObjects = 27,
        FindObjectsFinal = 28,
        SignInit = 42,
        Sign = 43,
    }

    /// <summary>The library at a path.</summary>
    /// <exception cref="EthereumException"><c>pkcs11-module</c> when it is not there or is no such library, <c>pkcs11-unsupported</c> on Windows, <c>pkcs11-error</c>.</exception>
    public static Pkcs11Module Load(string path)
    {
        // On Windows its structures are packed and its numbers shorter; nothing here was ever tried there.
        if (OperatingSystem.IsWindows() || nint.Size != 8)
        {
            throw new EthereumException("pkcs11-unsupported", Fault.Failed, "PKCS#11 modules are supported on 64-bit Linux and macOS only. Use a remote signer in front of the module.");
        }

        lock (Loading)
        {
            if (Loaded.TryGetValue(path, out var known))
            {
                return known;
            }

            if (!NativeLibrary.TryLoad(path, out var library) || !NativeLibrary.TryGetExport(library, "C_GetFunctionList", out var entry))
            {
                throw EthereumException.BadInput("pkcs11-module", $"{path} is no PKCS#11 module that can be loaded: it is missing, made for another processor, or has no C_GetFunctionList. Give the path of the vendor's library.");
            }

            nint list;
            var answer = ((delegate* unmanaged[Cdecl]<nint*, nuint>)entry)(&list);
            if (answer != Ok || list == 0)
            {
                throw Error(path, "C_GetFunctionList", answer);
            }

            // CK_VERSION stands first, padded to the alignment of the pointers.
            var module = new Pkcs11Module(path, (nint*)(list + nint.Size));
            var arguments = stackalloc nint[6];
            new Span<nint>(arguments, 6).Clear();
            arguments[4] = (nint)OsLocking;
            answer = ((delegate* unmanaged[Cdecl]<nint*, nuint>)module.At(Function.Initialize))(arguments);
            if (answer is not (Ok or CryptokiAlreadyInitialized))
            {
                throw Error(path, "C_Initialize", answer);
            }

            Loaded.Add(path, module);
            return module;
        }
    }

    /// <summary>The slot of the one token with a label.</summary>
    /// <exception cref="EthereumException"><c>pkcs11-token</c> when there is none or several.</exception>
    public nuint SlotOf(string label)
    {
        var list = (delegate* unmanaged[Cdecl]<byte, nuint*, nuint*, nuint>)At(Function.GetSlotList);
        nuint count;
        Require("C_GetSlotList", list(1, null, &count));
        var slots = new nuint[count];
        fixed (nuint* at = slots)
        {
            Require("C_GetSlotList", list(1, at, &count));
        }

        var found = new List<nuint>();
        var labels = new List<string>();
        var information = stackalloc byte[TokenInfoSize];
        foreach (var slot in slots.Take((int)count))
        {
            new Span<byte>(information, TokenInfoSize).Clear();
            if (((delegate* unmanaged[Cdecl]<nuint, byte*, nuint>)At(Function.GetTokenInfo))(slot, information) != Ok)
            {
                continue;
            }

            // The label is padded with blanks and ends with no zero.
            var name = Encoding.UTF8.GetString(information, TokenLabelSize).TrimEnd(' ', '\0');
            labels.Add(name);
            if (string.Equals(name, label, StringComparison.Ordinal))
            {
                found.Add(slot);
            }
        }

        return found is [var only]
            ? only
            : throw EthereumException.BadInput("pkcs11-token", $"{_path} has {(found.Count == 0 ? "no token" : $"{found.Count} tokens")} with the label '{label}'; it has {(labels.Exists(name => name.Length > 0) ? string.Join(", ", labels.Where(name => name.Length > 0).Select(name => $"'{name}'")) : "none")}. Exactly one is needed: connect it, or give another label.");
    }

    /// <summary>Opens a session and logs the user in. The PIN is zeroed.</summary>
    /// <exception cref="EthereumException"><c>pkcs11-pin</c> (refused) when the token does not take the PIN, <c>pkcs11-error</c>.</exception>
    public nuint Open(nuint slot, byte[] pin)
    {
        try
        {
            nuint session;
            Require("C_OpenSession", ((delegate* unmanaged[Cdecl]<nuint, nuint, nint, nint, nuint*, nuint>)At(Function.OpenSession))(slot, SerialSession, 0, 0, &session));
            nuint answer;
            fixed (byte* at = pin)
            {
                answer = ((delegate* unmanaged[Cdecl]<nuint, nuint, byte*, nuint, nuint>)At(Function.Login))(session, UserRole, at, (nuint)pin.Length);
            }

            // Another signer of this process may have logged in to the same token.
            if (answer is Ok or UserAlreadyLoggedIn)
            {
                return session;
            }

            Close(session);
            throw answer is PinIncorrect or PinInvalid or PinLength or PinExpired or PinLocked
                ? new EthereumException("pkcs11-pin", Fault.Refused, answer is PinLocked ? $"The token's PIN is locked ({_path}): too many wrong ones were given. Its security officer can unlock it." : $"The token does not take this PIN ({_path}). Correct it before trying again: most tokens lock after a few wrong ones.")
                : Error(_path, "C_Login", answer);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pin);
        }
    }

    /// <summary>Closes a session; the token logs the user out with the last one.</summary>
    public void Close(nuint session) => _ = ((delegate* unmanaged[Cdecl]<nuint, nuint>)At(Function.CloseSession))(session);

    /// <summary>The objects that have all of the attributes; at most three, since one is wanted.</summary>
    public IReadOnlyList<nuint> Find(nuint session, params ReadOnlySpan<(nuint Type, byte[] Value)> attributes)
    {
        var handles = new List<GCHandle>(attributes.Length);
        try
        {
            var template = stackalloc nuint[3 * attributes.Length];
            for (var i = 0; i < attributes.Length; i++)
            {
                handles.Add(GCHandle.Alloc(attributes[i].Value, GCHandleType.Pinned));
                template[3 * i] = attributes[i].Type;
                template[(3 * i) + 1] = (nuint)handles[i].AddrOfPinnedObject();
                template[(3 * i) + 2] = (nuint)attributes[i].Value.Length;
            }

            Require("C_FindObjectsInit", ((delegate* unmanaged[Cdecl]<nuint, nuint*, nuint, nuint>)At(Function.FindObjectsInit))(session, template, (nuint)attributes.Length));
        }
        finally
        {
            handles.ForEach(handle => handle.Free());
        }

        var found = stackalloc nuint[3];
        nuint count = 0;
        var answer = ((delegate* unmanaged[Cdecl]<nuint, nuint*, nuint, nuint*, nuint>)At(Function.FindObjects))(session, found, 3, &count);
        _ = ((delegate* unmanaged[Cdecl]<nuint, nuint>)At(Function.FindObjectsFinal))(session);
        Require("C_FindObjects", answer);
        return new Span<nuint>(found, (int)count).ToArray();
    }

    /// <summary>An attribute's value; null when the object has none or hides it.</summary>
    public byte[]? Attribute(nuint session, nuint item, nuint type)
    {
        var read = (delegate* unmanaged[Cdecl]<nuint, nuint, nuint*, nuint, nuint>)At(Function.GetAttributeValue);
        var template = stackalloc nuint[3];
        template[0] = type;
        template[1] = 0;
        template[2] = 0;
        if (read(session, item, template, 1) != Ok || template[2] == Unavailable || template[2] is 0 or > 1024)
        {
            return null;
        }

        var value = new byte[template[2]];
        fixed (byte* at = value)
        {
            template[1] = (nuint)at;
            return read(session, item, template, 1) == Ok ? value : null;
        }
    }

    /// <summary>The ECDSA signature of 32 bytes: r and s.</summary>
    /// <exception cref="EthereumException"><c>signer-refused</c> when the token or a person at it said no, <c>pkcs11-error</c>.</exception>
    public byte[] Sign(nuint session, nuint key, ReadOnlySpan<byte> digest)
    {
        var mechanism = stackalloc nuint[3];
        mechanism[0] = EcdsaMechanism;
        mechanism[1] = 0;
        mechanism[2] = 0;
        RequireSigning("C_SignInit", ((delegate* unmanaged[Cdecl]<nuint, nuint*, nuint, nuint>)At(Function.SignInit))(session, mechanism, key));
        var signature = new byte[256];
        nuint length = 256;
        fixed (byte* message = digest)
        fixed (byte* at = signature)
        {
            RequireSigning("C_Sign", ((delegate* unmanaged[Cdecl]<nuint, byte*, nuint, byte*, nuint*, nuint>)At(Function.Sign))(session, message, (nuint)digest.Length, at, &length));
        }

        return signature[..(int)length];
    }

    /// <summary>A number as an attribute has it.</summary>
    public static byte[] Number(nuint value) => BitConverter.GetBytes(value);

    /// <summary>The path.</summary>
    public override string ToString() => _path;

    private nint At(Function function) => _functions[(int)function];

    private void RequireSigning(string function, nuint answer)
    {
        if (answer is FunctionCanceled or FunctionRejected)
        {
            throw new EthereumException("signer-refused", Fault.Refused, $"The token refused to sign ({_path}): it was declined there. Nothing was signed.");
        }

        Require(function, answer);
    }

    private void Require(string function, nuint answer)
    {
        if (answer != Ok)
        {
            throw Error(_path, function, answer);
        }
    }

    private static EthereumException Error(string path, string function, nuint answer) =>
        new("pkcs11-error", Fault.Failed, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{path}: {function} failed with CKR 0x{answer:x8}. Nothing was signed; look the number up in the vendor's manual."));
}
