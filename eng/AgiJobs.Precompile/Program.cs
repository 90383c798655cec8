using AgiJobs.Precompile;

switch (args)
{
    case ["profile", var list, var folder, var output]:
        Profile.Write(MethodList.Read(list), new TypeNames(folder), output);
        return 0;
    case ["record", var list, var trace, var compiled]:
        return MethodList.Record(list, trace, compiled);
    default:
        await Console.Error.WriteLineAsync("AgiJobs.Precompile profile LIST ASSEMBLIES OUTPUT.mibc | record LIST TRACE.nettrace COMPILED.txt");
        return 2;
}
